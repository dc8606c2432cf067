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
    name, layer, made = scene.shown_head.text, scene.layer, _Made(scene, backend)
    every = list(range(backend.model(scene.model).cfg.n_heads))
    return figures(
        ("scatter", "all heads by two measures", made.scatter),
        ("spectrum", f"the spectrum of {name}", made.spectrum),
        ("maps", f"the maps of {name}", lambda: made.maps([scene.head], "maps", name)),
        (
            "layer-maps",
            f"the maps of layer {layer}",
            lambda: made.maps(every, "maps", f"each head of layer {layer}"),
        ),
    )


class _Made:
    """The figures, each made when it is asked for."""

    def __init__(self, scene: Scene, backend: Backend):
        self.scene, self.backend = scene, backend
        own = chosen(PAGE)
        self.over, self.axes = own["over"], (own["x"], own["y"])
        self.puzzles, self.name = sweeps.puzzles_of(scene, backend), scene.shown_head.text
        self.many = ["from-answer"] if self.over == "answer" else []

    def study(self) -> HeadStudy:
        return self.backend.ask(self.scene.model, HeadStudyOf(tuple(self.puzzles), self.scene.ablation))

    def scatter(self) -> "Plate":
        scene, backend, (across, up) = self.scene, self.backend, self.axes
        heads = tuple(components_of(backend.model(scene.model).cfg, ["head"]))
        question = Sweep(tuple(self.puzzles), heads, scene.ablation, sweeps.sweep_method(scene))
        state = backend.ask(scene.model, question)
        measures = measures_of(self.study(), self.over, studies.costs(scene, state))
        places = {
            Component(layer, "head", head).text: at
            for (layer, head), at in studies.positions(scene, state).items()
        }
        chart = scatter_figure(
            (measures[across], measures[up]), (TITLES[across], TITLES[up]), measures[COST], places, self.name
        )
        return plate(
            scene,
            backend,
            chart,
            figure="scatter",
            title="All heads by two measures",
            puzzles=self.puzzles,
            measure=scene.measure,
            rows=[
                {"head": head, **{one: values[head] for one, values in measures.items()}}
                for head in measures[COST]
            ],
            about=f"A point a head, coloured by its ablation effect. {legend(scene.measure)}",
            more=[*self.many, across, up],
        )

    def spectrum(self) -> "Plate":
        found, layer, head = self.study(), self.scene.layer, self.scene.head
        values = found.spectrum_over(self.over)[layer, head]
        return plate(
            self.scene,
            self.backend,
            spectrum_figure(values, self.name, self.over),
            figure="spectrum",
            puzzles=self.puzzles,
            rows=[
                {"head": self.name, "back": back, "attention": share}
                for back, share in enumerate(values.tolist())
            ],
            about=found.summary(layer, head, self.over),
            more=[*self.many, self.name],
        )

    def maps(self, heads: list[int], figure: str, whose: str) -> "Plate":
        """Of some heads of the layer, ``whose`` in words."""
        from interp.figures.paper import Line, Maps

        found, layer = self.study(), self.scene.layer
        lines = [
            Line(f"L{layer}.H{head}", found.maps[layer, head], "ablated" if found.off[layer, head] else "")
            for head in heads
        ]
        drawing = Maps(lines, grids_of(self.scene, self.backend), (SIZE - 1, SIZE - 1))
        return plate(
            self.scene,
            self.backend,
            drawing,
            figure=figure,
            title=f"Where {whose} attends, relative to the cell about to be predicted",
            puzzles=self.puzzles,
            rows=[
                {"head": f"L{layer}.H{head}", **row} for head in heads for row in found.map_rows(layer, head)
            ],
            about="Mean attention from the positions that predict the answer's cells, by offset from the cell"
            f" about to be predicted, which is framed. Black is {drawing.black:.2g}; greys go by the square"
            " root.",
            more=[self.name if len(heads) == 1 else f"L{layer}"],
        )
