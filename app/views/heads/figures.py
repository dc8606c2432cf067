"""The figures of the heads page, for papers: made when asked for, from complete results."""

from typing import TYPE_CHECKING

from app.live import studies, sweeps
from app.state.scene import Scene
from app.state.session import chosen
from app.views.heads.body import grids_of, measures_of
from app.views.heads.choices import PAGE
from app.views.shared.plates import figures, plate
from app.widgets.charts.head_scatter import COST, TITLES
from app.widgets.export_menu.figures import Figure
from interp.ablation import Component, components_of
from interp.analyses.ablation_sweep import Sweep
from interp.analyses.head_study import HeadStudy, HeadStudyOf
from interp.backend import Backend
from interp.figures.heads import scatter_figure, spectrum_figure
from interp.figures.scale import legend
from interp.grids import SIZE

if TYPE_CHECKING:
    from interp.figures.paper import Plate


def shown(scene: Scene, backend: Backend) -> dict[str, Figure]:
    """All of the page, by their names."""
    own = chosen(PAGE)
    over, axes, layer = own["over"], (own["x"], own["y"]), scene.layer
    puzzles, name = sweeps.puzzles_of(scene, backend), scene.shown_head.text
    many = ["from-answer"] if over == "answer" else []

    def study() -> HeadStudy:
        return backend.ask(scene.model, HeadStudyOf(tuple(puzzles), scene.ablation))

    def scatter() -> "Plate":
        heads = tuple(components_of(backend.model(scene.model).cfg, ["head"]))
        question = Sweep(tuple(puzzles), heads, scene.ablation, sweeps.sweep_method(scene))
        state = backend.ask(scene.model, question)
        measures = measures_of(study(), over, studies.costs(scene, state))
        places = {
            Component(layer, "head", head).text: at
            for (layer, head), at in studies.positions(scene, state).items()
        }
        across, up = axes
        chart = scatter_figure(
            (measures[across], measures[up]), (TITLES[across], TITLES[up]), measures[COST], places, name
        )
        return plate(
            scene,
            backend,
            chart,
            figure="scatter",
            title="All heads by two measures",
            puzzles=puzzles,
            measure=scene.measure,
            rows=[
                {"head": head, **{one: values[head] for one, values in measures.items()}}
                for head in measures[COST]
            ],
            about=f"A point a head, coloured by its ablation effect. {legend(scene.measure)}",
            more=[*many, across, up],
        )

    def spectrum() -> "Plate":
        found = study()
        values = found.spectrum_over(over)[layer, scene.head]
        return plate(
            scene,
            backend,
            spectrum_figure(values, name, over),
            figure="spectrum",
            puzzles=puzzles,
            rows=[
                {"head": name, "back": back, "attention": share} for back, share in enumerate(values.tolist())
            ],
            about=found.summary(layer, scene.head, over),
            more=[*many, name],
        )

    def maps(heads: list[int], figure: str, whose: str) -> "Plate":
        from interp.figures.paper import Line, Maps

        found = study()
        lines = [
            Line(f"L{layer}.H{head}", found.maps[layer, head], "ablated" if found.off[layer, head] else "")
            for head in heads
        ]
        drawing = Maps(lines, grids_of(scene, backend), (SIZE - 1, SIZE - 1))
        return plate(
            scene,
            backend,
            drawing,
            figure=figure,
            title=f"Where {whose} attends, relative to the cell about to be predicted",
            puzzles=puzzles,
            rows=[
                {"head": f"L{layer}.H{head}", **row} for head in heads for row in found.map_rows(layer, head)
            ],
            about="Mean attention from the positions that predict the answer's cells, by offset from the cell"
            f" about to be predicted, which is framed. Black is {drawing.black:.2g}; greys go by the square"
            " root.",
            more=[name if len(heads) == 1 else f"L{layer}"],
        )

    every = list(range(backend.model(scene.model).cfg.n_heads))
    return figures(
        ("scatter", "all heads by two measures", scatter),
        ("spectrum", f"the spectrum of {name}", spectrum),
        ("maps", f"the maps of {name}", lambda: maps([scene.head], "maps", name)),
        (
            "layer-maps",
            f"the maps of layer {layer}",
            lambda: maps(every, "maps", f"each head of layer {layer}"),
        ),
    )
