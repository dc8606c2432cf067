"""The ablation board: a switch for every part of the model, presets, and the ablation as text."""

import streamlit as st

from app.presets import Preset, presets
from app.scene import Scene, change, notify, now
from interp.ablation import MEAN, NO_ABLATION, ZERO, Ablation, Component, Method, Term, parse_ablation
from interp.errors import PuzzlescopeError
from interp.model import Config

METHODS: dict[str, Method] = {
    "zero": ZERO,
    "mean": MEAN,
    "look 100 back": Method("lookback", 100),
}
_METHOD, _TEXT = "board-method", "board-text"


def show(scene: Scene, cfg: Config, copy_layer: int) -> None:
    """Draw the board; a click replaces the scene's ablation. ``copy_layer`` has the head that looks one grid back most."""
    _presets(scene, cfg, copy_layer)
    with st.container(gap="xsmall"):
        for layer in range(cfg.n_layers):
            _layer(scene.ablation, layer, cfg)
    _method()
    _text(scene, cfg)


def _presets(scene: Scene, cfg: Config, copy_layer: int) -> None:
    with st.container(horizontal=True, gap="small"):
        for preset in presets(cfg, copy_layer):
            _preset(preset, scene, cfg)
        st.button(
            "Switch all on",
            key="preset-reset",
            icon=":material/restart_alt:",
            disabled=not scene.ablation,
            on_click=change,
            kwargs={"ablation": NO_ABLATION},
        )


def _preset(preset: Preset, scene: Scene, cfg: Config) -> None:
    ablation = preset.ablation(cfg)
    st.button(
        preset.name,
        key=f"preset-{preset.name}",
        help=preset.look_for,
        type="primary" if scene.ablation == ablation else "secondary",
        on_click=change,
        kwargs={"ablation": ablation},
    )


def _layer(ablation: Ablation, layer: int, cfg: Config) -> None:
    """One row: the layer's attention, its heads and its MLP, lit where they are off."""
    off = {part: method for part, method in ablation.components.items() if part.layer == layer}
    parts = [Component(layer, "attn"), *(Component(layer, "head", head) for head in range(cfg.n_heads))]
    parts.append(Component(layer, "mlp"))
    names = {part.part: _name(part, off.get(part)) for part in parts}
    key = f"board-{layer}"
    st.session_state[key] = [part.part for part in parts if part in off]
    label, switches = st.columns([1, 9], vertical_alignment="center", gap="small")
    label.markdown(f"**L{layer}**")
    switches.pills(
        f"Switched off in layer {layer}",
        list(names),
        selection_mode="multi",
        format_func=names.__getitem__,
        key=key,
        label_visibility="collapsed",
        on_change=_toggle,
        args=(layer, key, parts),
    )


def _name(part: Component, method: Method | None) -> str:
    """Short, for ten of them stand in a row: x̄ is the mean, an arrow a lookback."""
    if method is None or method == ZERO:
        return part.part
    return f"{part.part} {'x̄' if method == MEAN else f'↩{method.offset}'}"


def _toggle(layer: int, key: str, parts: list[Component]) -> None:
    ablation = now().ablation
    wanted = set(st.session_state[key])
    method = METHODS[st.session_state.get(_METHOD) or "zero"]
    for part in parts:
        is_off = part in ablation.components
        if part.part not in wanted and is_off:
            ablation = ablation.without(part)
        elif part.part in wanted and not is_off:
            # An MLP has no pattern to replace, so it is zeroed where attention would be told to look back.
            own = ZERO if part.kind == "mlp" and method.kind == "lookback" else method
            ablation = ablation.with_term(Term(part, own))
    change(ablation=ablation)


def _method() -> None:
    st.segmented_control(
        "What takes the place of a part that you switch off",
        list(METHODS),
        default="zero",
        required=True,
        key=_METHOD,
        help="**zero**: it writes nothing. **mean**: it writes its mean output at each position over 64 puzzles of the bank."
        " **look 100 back**: its attention is fixed on the position 100 back, the cell to be copied.",
    )


def _text(scene: Scene, cfg: Config) -> None:
    st.session_state[_TEXT] = scene.ablation.text
    st.text_input(
        "Switched off, as text",
        key=_TEXT,
        placeholder="nothing is off; try L1.attn or L0-2.H3:mean",
        on_change=_read_text,
        args=(cfg,),
    )


def _read_text(cfg: Config) -> None:
    try:
        change(ablation=parse_ablation(st.session_state[_TEXT], cfg))
    except PuzzlescopeError as error:
        notify(f"{error} What was off stays off.")
