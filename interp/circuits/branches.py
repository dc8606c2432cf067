"""A run of a circuit, branched off a run whose parts are kept.

Two runs of the same pair differ first in what somebody reads: an edge that one of them has and the other has
not. Whoever reads something else writes something else, and so on upwards, but only along edges of the
circuit; all others write what they wrote in the run that is kept, and are not computed.

What writers write is taken as a difference from the kept run, and what readers read is put together from
these. Heads of a layer that are read by the same readers are one writer; readers that read the same writers
read one stream, and what one reads besides another is added to that. So a run of all edges takes little more
than a clean one. Where a layer's heads read many writers, each its own, their streams are one product: of
which of the differences each reads, and the differences.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from interp.circuits.graph import Graph
from interp.circuits.windows import (
    Early,
    Window,
    attend,
    by_head,
    normalized,
    queries_keys_values,
)
from interp.circuits.writes import Writes
from interp.engine.forward import Weights, unembed

Mask = Bool[np.ndarray, "reader writer"]
Heads = tuple[Tensor, Tensor, Tensor]
"""Queries, keys and values of a layer's heads, each ``[head, pos, d]``; of the last layer queries only where
cells are asked for."""
Stream = Float[Tensor, "row _ d_model"]
Key = tuple[object, ...]
FEWEST, DENSE = 4, 0.15
"""Streams, and of the differences the share that they read, from which on one product of all is quicker than
to add what each reads: an addition takes as long as ten products of the same numbers."""


@dataclass(frozen=True, eq=False)
class Kept:
    """All parts of a run that others branch off, at a window's positions.

    Attributes:
        window: the positions.
        early: keys and values before the window.
        keys: of every reader a key by which what it reads is found.
        streams: what readers read, by these keys.
        heads: what every layer's heads read.
        z: what they move, ``[head, pos, d_head]``; of the last layer where cells are asked for.
        mlps: what the MLPs write, ``[pos, d_model]``; likewise.
        cut: the same of the run with every edge cut; ``None`` if this is it.
        embedded: what the embedding writes less what cut edges read of it.
        constants: the same of writers that write something else than cut edges read, with every edge cut too.
    """

    window: Window
    early: tuple[Early, ...]
    keys: list[Key]
    streams: dict[Key, Stream]
    heads: list[Heads]
    z: list[Tensor]
    mlps: list[Tensor]
    cut: "Kept | None"
    embedded: Stream
    constants: dict[int, Stream]

    def change(self, weights: Weights, writer: int) -> Stream:
        """What a writer writes less what edges outside read of it."""
        ground = self.cut or self
        if writer == 0:
            return self.embedded
        layer, part = divmod(writer - 1, weights.cfg.n_heads + 1)
        if part == weights.cfg.n_heads:
            found = (self.mlps[layer] - ground.mlps[layer])[None]
        else:
            z = self.z[layer][part] - ground.z[layer][part]
            found = (z @ weights.layers[layer].block.attn.W_O[part])[None]
        return found + self.constants[writer] if writer in self.constants else found


def everything_cut(
    weights: Weights,
    window: Window,
    embedded: Float[Tensor, "pos d_model"],
    other: Writes,
    *,
    a_run: bool,
) -> Kept:
    """The run in which every edge is cut.

    Args:
        embedded: what the embedding writes all the same.
        other: what cut edges read.
        a_run: whether that is a run of the model, so that with every edge cut all write the same.
    """
    graph, n_heads, here = Graph(weights.cfg), weights.cfg.n_heads, window.all
    streams: dict[Key, Stream] = {}
    heads, zs, mlps, early = list[Heads](), list[Tensor](), list[Tensor](), list[Early]()
    constants: dict[int, Stream] = {}
    stream = other[0]
    for layer, own in enumerate(weights.layers):
        first, asked = graph.head(layer, 0), None if layer < len(weights.layers) - 1 else window.asked
        streams["heads", layer] = stream[None, here]
        parts = queries_keys_values(weights, layer, normalized(own.block.ln1, stream))
        early.append((parts[1][:, : window.start].clone(), parts[2][:, : window.start].clone()))
        q, k, v = (one[:, here].contiguous() for one in parts)
        q = q if asked is None else q[:, asked]
        z = attend(q[None], k[None], v[None], early[-1], own.block.attn.scale, asked)[0][0]
        stream = stream + other[first : first + n_heads].sum(0)
        mid = stream[here] if asked is None else stream[here][asked]
        hidden = own.w_in(normalized(own.block.ln2, mid[None]), own.block.mlp.b_in, relu=True)
        mlp = own.w_out(hidden, own.block.mlp.b_out)[0]
        streams["mlp", layer] = mid[None].clone()
        stream = stream + other[first + n_heads]
        heads.append((q, k, v))
        zs.append(z)
        mlps.append(mlp)
        if not a_run:
            rest = other[first : first + n_heads + 1, here]
            rest = rest if asked is None else rest[:, asked]
            wrote = torch.cat([torch.einsum("hpd,hdm->hpm", z, own.block.attn.W_O), mlp[None]])
            constants |= {first + k: one[None] for k, one in enumerate(wrote - rest)}
    streams["logits",] = stream[None, here][:, window.asked]
    keys: list[Key] = []
    for layer in range(weights.cfg.n_layers):
        keys += [("heads", layer)] * (3 * n_heads) + [("mlp", layer)]
    keys.append(("logits",))
    changed = (embedded - other[0])[None, here]
    return Kept(window, tuple(early), keys, streams, heads, zs, mlps, None, changed, constants)


class Space:
    """Memory for the streams of one run, to be used by one after the other: to be given new memory for them
    costs more than to fill it.

    Args:
        weights: of whose graph the runs are.
        longest: positions of a run, at most.
    """

    def __init__(self, weights: Weights, longest: int):
        self._d_model = weights.cfg.d_model
        rows = len(Graph(weights.cfg).writers) + 1, 3 * weights.cfg.n_heads + 1
        like = torch.empty(0, device=weights.model.device, dtype=weights.model.dtype)
        self._flat = [like.new_empty(n * longest * self._d_model) for n in rows]
        self._rows = rows

    def at(self, n_pos: int) -> list[Float[Tensor, "_ pos d_model"]]:
        """What runs of so many positions use: for what each writer writes and one more, and for what each
        input of a layer's heads reads and one more."""
        sized = zip(self._rows, self._flat, strict=True)
        return [flat[: n * n_pos * self._d_model].view(n, n_pos, self._d_model) for n, flat in sized]


class Branch:
    """One pass of some rows, all of one circuit but for what is cut besides (:meth:`cut`).

    Args:
        kept: the run that it branches off: with every edge cut, or of a circuit that has these edges and
            more.
        mask: the circuit.
        space: where streams of a run of one row may be put together; another run's may stand there.
    """

    def __init__(self, weights: Weights, kept: Kept, mask: Mask, rows: int = 1, space: Space | None = None):
        self.weights, self.graph, self._from = weights, Graph(weights.cfg), kept
        self._mask, self._rows, self._ground = mask, rows, kept.cut or kept
        self._read_by_any: np.ndarray = np.asarray(mask.any(0))
        self._cut: dict[int, Stream] = {}
        self._columns: list[np.ndarray] = []
        self._changes: list[Stream] = []
        self._sums: list[dict[tuple[int, ...], Stream]] = [{}, {}]
        self._scratch: Stream | None = None
        self._keeping: Kept | None = None
        self._space = space.at(len(kept.window)) if space is not None and rows == 1 else None
        if kept.cut is None:
            self._note([0], kept.embedded)

    def cut(self, reader: int, writers: Bool[np.ndarray, "row writer"]) -> None:
        """Let a reader not read what these writers write in the run that is kept, in each row its own."""
        total: Tensor | None = None
        for writer in np.flatnonzero(writers.any(0)):
            change = self._from.change(self.weights, int(writer))
            if reader >= self.graph.mlp_input(self.weights.cfg.n_layers - 1):
                change = self._asked(change)
            here = torch.from_numpy(writers[:, writer]).to(change)[:, None, None]
            total = -change * here if total is None else total.addcmul_(change, here, value=-1)
        if total is not None:
            self._cut[reader] = total

    def logits(self) -> Float[Tensor, "row 100 vocab"]:
        """Run it."""
        for layer in range(self.weights.cfg.n_layers):
            self._heads(layer)
            self._mlp(layer)
        reader = len(self.graph.readers) - 1
        if self._keeping is not None and (key := self._key(reader)) is not None:
            self._keeping.keys[reader] = key
        return unembed(self.weights.model, self._stream(reader))

    def kept(self) -> Kept:
        """Run it, of one row, and keep all its parts."""
        own = self._from
        self._keeping = Kept(
            own.window,
            own.early,
            list(own.keys),
            dict(own.streams),
            list(own.heads),
            list(own.z),
            list(own.mlps),
            self._ground,
            own.embedded,
            own.constants,
        )
        self.logits()
        return self._keeping

    # ---- what is read ----

    def _heard(self, reader: int) -> tuple[int, ...]:
        """Which of the changes a reader reads."""
        return tuple(k for k, column in enumerate(self._columns) if column[reader])

    def _key(self, reader: int) -> Key | None:
        """By what a reader's stream is told from others'; nothing if it is as in the kept run."""
        heard = self._heard(reader)
        if reader in self._cut:
            return (*self._from.keys[reader], heard, "cut", reader)
        return (*self._from.keys[reader], heard) if heard else None

    def _stream(self, reader: int) -> Stream:
        """What a reader reads: before its LayerNorm."""
        known, heard = self._from.streams[self._from.keys[reader]], self._heard(reader)
        parts = [self._sum(heard)] if heard else []
        parts += [self._cut[reader]] if reader in self._cut else []
        if not parts:
            return known.expand(self._rows, -1, -1)
        if self._keeping is not None:
            found = known + parts[0]
            self._keeping.streams[self._key(reader) or ()] = found
            return found
        # Read before the next is asked for; memory that is given back and taken anew costs more than the sum.
        if self._scratch is None or self._scratch.shape[1] != known.shape[1]:
            self._scratch = known.new_empty(self._rows, *known.shape[1:])
        torch.add(known, parts[0], out=self._scratch)
        return self._scratch if len(parts) == 1 else self._scratch.add_(parts[1])

    def _sum(self, heard: tuple[int, ...]) -> Stream:
        """These changes together: those of a sum that is known, and the others added."""
        known = len(heard)
        while known and heard[:known] not in self._sums[0] and heard[:known] not in self._sums[1]:
            known -= 1
        first = heard[: known or 1]
        found = self._sums[0].get(first)
        if found is None:
            found = self._sums[1].get(first, self._changes[heard[0]])
        for place, k in enumerate(heard[len(first) :]):
            found = found.add_(self._changes[k]) if place else found + self._changes[k]
        self._sums[0][heard] = found
        return found

    def _dense(self, readers: Sequence[int]) -> bool:
        """Whether the streams of some readers of a layer's heads are put together quicker by one product."""
        if self._space is None or len(readers) < FEWEST:
            return False
        heard = sum(len(self._heard(reader)) for reader in readers)
        keys = {self._from.keys[reader] for reader in readers}
        return len(keys) == 1 and heard > DENSE * len(readers) * len(self._changes)

    def _product(self, layer: int, readers: Sequence[int]) -> Float[Tensor, "reader pos d_model"]:
        """What some readers of a layer's heads read, all at once; and on the way of what the layer's MLP
        reads the sum of what was written below."""
        assert self._space is not None
        changes, streams = self._space
        known, n = self._from.streams[self._from.keys[readers[0]]], len(self._changes)
        last = self.graph.mlp_input(layer)
        for own, change in zip(changes, (*self._changes, known), strict=False):
            if own.data_ptr() != change.data_ptr():
                own.copy_(change[0])
        self._changes = list(changes[:n, None])
        which = np.ones((len(readers) + 1, n + 1), np.float32)
        which[:, :n] = np.stack(self._columns)[:, [*readers, last]].T
        which[-1, n] = 0
        found = streams[: len(which)]
        torch.mm(torch.from_numpy(which).to(found), changes[: n + 1].flatten(1), out=found.flatten(1))
        self._sums = [{}, {}]  # what was there is overwritten
        if heard := self._heard(last):
            self._sums[0][heard] = found[-1:]
        return found[:-1]

    def _forget(self) -> None:
        """Keep those sums only that were read lately."""
        self._sums = [{}, self._sums[0]]

    def _asked(self, x: Stream) -> Stream:
        asked = self._from.window.asked
        return x if x.shape[1] == len(asked) else x[:, asked]

    # ---- what is written ----

    def _heads(self, layer: int) -> None:
        """Run the heads of a layer that read something else than in the kept run."""
        first, inputs = self.graph.head(layer, 0), self.graph.inputs(layer)
        block, n_heads = self.weights.layers[layer].block, self.weights.cfg.n_heads
        groups: dict[Key, list[int]] = {}
        for reader in range(inputs.start, inputs.stop):
            key = self._key(reader) if self._read_by_any[first + (reader - inputs.start) // 3] else None
            if key is not None:
                groups.setdefault(key, []).append(reader)
                if self._keeping is not None:
                    self._keeping.keys[reader] = key
        changed = [(reader - inputs.start) // 3 for own in groups.values() for reader in own]
        chosen = sorted(set(changed))
        asked = self._from.window.asked if layer == self.weights.cfg.n_layers - 1 else None
        if chosen:
            q, k, v = self._read_by(layer, chosen, groups)
            early_k, early_v = (_some(one, chosen) for one in self._from.early[layer])
            z, _ = attend(q, k, v, (early_k, early_v), block.attn.scale, asked)
            if self._keeping is not None:
                self._keep(layer, chosen, (q, k, v), z)
            change = z - _some(self._from.z[layer], chosen)
        if asked is not None:
            self._changes = [self._asked(one) for one in self._changes]
            self._sums = [{}, {}]
        alike: dict[bytes, list[int]] = {}
        for place, head in enumerate(chosen):
            alike.setdefault(self._mask[:, first + head].tobytes(), []).append(place)
        for places in alike.values():
            own = [chosen[place] for place in places]
            W = _some(block.attn.W_O, own).flatten(0, 1)
            moved = _some(change.transpose(0, 1), places).permute(1, 2, 0, 3).flatten(2)
            self._note([first + head for head in own], moved @ W)
        self._note_constants([first + head for head in range(n_heads) if head not in chosen])
        self._forget()

    def _read_by(
        self, layer: int, chosen: list[int], groups: dict[Key, list[int]]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of some heads, each ``[row, head, pos, d]``."""
        block, start = self.weights.layers[layer].block, self.graph.inputs(layer).start
        asked = self._from.window.asked if layer == self.weights.cfg.n_layers - 1 else None
        weights = (block.attn.W_Q, block.attn.W_K, block.attn.W_V)
        rows = self._rows
        found = [_some(one, chosen).expand(rows, -1, -1, -1) for one in self._from.heads[layer]]
        for number in {(reader - start) % 3 for own in groups.values() for reader in own}:
            found[number] = found[number].clone(memory_format=torch.contiguous_format)
        places = {head: place for place, head in enumerate(chosen)}
        each = list(groups.values())
        for readers, x in zip(each, self._normalized(layer, [own[0] for own in each]), strict=True):
            for number, W in enumerate(weights):
                own = [(reader - start) // 3 for reader in readers if (reader - start) % 3 == number]
                read = x if asked is None or number else x[:, asked]
                for head in own if len(own) < len(W) else ():
                    found[number][:, places[head]] = read @ W[head]
                if len(own) == len(W):
                    found[number] = by_head(read @ W.transpose(0, 1).flatten(1), len(W))
        q, k, v = found
        return q, k, v

    def _normalized(self, layer: int, readers: list[int]) -> Iterator[Stream]:
        """What the LayerNorm of a layer's heads makes of what some of them read."""
        norm = self.weights.layers[layer].block.ln1
        if not self._dense(readers):
            yield from (normalized(norm, self._stream(reader)) for reader in readers)
            return
        streams = self._product(layer, readers)
        if self._keeping is not None:
            streams = streams.clone()
            for reader, own in zip(readers, streams, strict=True):
                self._keeping.streams[self._key(reader) or ()] = own[None]
        yield from normalized(norm, streams)[:, None]

    def _keep(self, layer: int, chosen: list[int], heads: Heads, z: Tensor) -> None:
        assert self._keeping is not None
        kept = self._keeping
        all_heads = [one.clone() for one in kept.heads[layer]]
        for one, own in zip(all_heads, heads, strict=True):
            one[chosen] = own[0]
        kept.heads[layer] = (all_heads[0], all_heads[1], all_heads[2])
        kept.z[layer] = kept.z[layer].clone()
        kept.z[layer][chosen] = z[0]

    def _mlp(self, layer: int) -> None:
        """Run the MLP of a layer, if it reads something else than in the kept run."""
        writer, reader = self.graph.mlp(layer), self.graph.mlp_input(layer)
        key = self._key(reader) if self._read_by_any[writer] else None
        if key is not None:
            own = self.weights.layers[layer]
            x = normalized(own.block.ln2, self._stream(reader))
            wrote = own.w_out(own.w_in(x, own.block.mlp.b_in, relu=True), own.block.mlp.b_out)
            if self._keeping is not None:
                self._keeping.keys[reader] = key
                self._keeping.mlps[layer] = wrote[0]
            self._note([writer], wrote - self._from.mlps[layer])
        else:
            self._note_constants([writer])
        self._forget()

    def _note(self, writers: Sequence[int], change: Stream) -> None:
        """Keep what writers that are read by the same readers write, less what they write in the kept run."""
        for writer in writers if self._from is self._ground else ():
            if writer in self._from.constants:
                change = change + self._from.constants[writer]
        if self._read_by_any[writers[0]]:
            self._columns.append(self._mask[:, writers[0]])
            self._changes.append(change)

    def _note_constants(self, writers: Sequence[int]) -> None:
        """The same of writers that are not run, but write something else than cut edges read all the same."""
        for writer in writers:
            if self._from is self._ground and writer in self._from.constants and self._read_by_any[writer]:
                self._columns.append(self._mask[:, writer])
                self._changes.append(self._from.constants[writer])


def _some(x: Tensor, chosen: Sequence[int]) -> Tensor:
    """Some of a tensor's parts along its first axis; no copy where they lie side by side."""
    if chosen[-1] - chosen[0] + 1 == len(chosen):
        return x[chosen[0] : chosen[-1] + 1]
    return x[list(chosen)]
