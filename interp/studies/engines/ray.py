"""Chunks on the nodes of a Ray cluster that is there already: one actor a node, or one a card.

Ray keeps the actors alive (an actor that dies is started again, and its chunks are tried again), and takes
the weights to the nodes through its object store. What is left to do here is little: nodes that join get an
actor, and chunks of a node that is lost go to the others. Each chunk is written by the actor, where the study
lies, so that word of it is all that comes back.
"""

import os
import signal
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from math import inf
from typing import Any

from interp import machine
from interp.errors import PuzzlescopeError, brief
from interp.model import PuzzleGPT
from interp.studies.engines.node import Chunks, Told
from interp.studies.folder import StudyFolder
from interp.studies.work import Done

IN_FLIGHT = 2
"""Chunks that an actor holds: one that it computes, one that it need not wait for."""
RETRIES = 2
"""How often Ray tries a chunk again when the actor died over it, before the chunk goes to another actor."""
ACTORS = 3
"""How many actors a chunk is given to before it is taken to be what kills them."""
LOOK = 5.0
"""Seconds between looks for nodes that have joined."""
PATIENCE = 300.0
"""Seconds to wait for a first node whose processors are free, or for one to come back."""
REACH = 5.0
"""Seconds within which a cluster answers."""
IS_ALIVE = "/ray.rpc.NodeInfoGcsService/CheckAlive"
"""What only a head answers."""
SILENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""Settings of Ray's: it sends nothing to anybody, and gives no advice."""
START = "`ray start --head` on one machine, `ray start --address=…:6379` on the others"


class RayEngine:
    """Computes on a cluster: :class:`interp.studies.engines.Engine`.

    Args:
        address: of the cluster, as ``10.0.0.1:6379``; empty: what ``RAY_ADDRESS`` says, or else the cluster
            that this machine is a node of. None is ever started.
    """

    def __init__(self, address: str = ""):
        self.address = address or os.environ.get("RAY_ADDRESS", "") or "auto"

    def run(self, model: PuzzleGPT, folder: StudyFolder, chunks: Iterable[int]) -> Iterator[Done]:
        waiting = deque(chunks)
        if not waiting:
            return
        with cluster(self.address) as ray:
            crew = _Crew(ray, model, folder)
            try:
                yield from crew.work(waiting)
            finally:
                crew.end()


# ---- the cluster -------------------------------------------------------------------------------------------


@contextmanager
def cluster(address: str) -> Iterator[Any]:
    """Ray, joined to a cluster for a while, or for longer if the program has joined one itself.

    Raises:
        PuzzlescopeError: if Ray is not installed or the cluster cannot be joined.
    """
    for name, value in SILENT.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise PuzzlescopeError(
            "Ray is not installed: pip install 'puzzlescope[ray]', or take the engine 'local'."
        ) from error
    if ray.is_initialized():
        yield ray
        return
    from ray._private import worker

    with _own_handlers():
        _join(ray, address)
    told, worker._worker_logs_enabled = worker._worker_logs_enabled, False  # log_to_driver is not all of it
    try:
        yield ray
    finally:
        ray.shutdown()
        worker._worker_logs_enabled = told


@contextmanager
def _own_handlers() -> Iterator[None]:
    """Signals are handled afterwards as they were before: Ray takes SIGTERM for itself, and writes a stack
    when it comes."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in before.items():
                signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def _join(ray: Any, address: str) -> None:
    import logging

    try:
        found = _reached(address)
        ray.init(address=found, log_to_driver=False, logging_level=logging.CRITICAL)
    except (OSError, RuntimeError, ValueError, AssertionError, ray.exceptions.RayError) as error:
        which = "on this machine" if address == "auto" else f"at {brief(address, 60)}"
        raise PuzzlescopeError(
            f"There is no Ray cluster {which} that can be joined ({_short(error)}): start one with {START},"
            " and name it with RAY_ADDRESS; this machine must be one of its nodes."
        ) from error


def _reached(address: str) -> str:
    """The address, once somebody answers there: Ray itself would try for two minutes."""
    from ray._private.services import canonicalize_bootstrap_address

    if "://" in address:
        raise ValueError("expected HOST:PORT, the address that `ray start --head` has printed")
    found = str(canonicalize_bootstrap_address(address))
    host, _, port = found.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=REACH):
        pass
    if not _is_ray(found):
        raise ValueError("something answers there that is no head of Ray's: its port is usually 6379")
    return found


def _is_ray(address: str) -> bool:
    """Whether a head answers there, not another server, as a dashboard's (8265) or a client's (10001)."""
    import grpc

    if os.environ.get("RAY_USE_TLS", "0") not in ("", "0"):
        return True
    with grpc.insecure_channel(address, [("grpc.enable_http_proxy", 0)]) as channel:
        try:
            channel.unary_unary(IS_ALIVE)(b"", timeout=REACH)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNAUTHENTICATED:
                _give_token()
            return error.code() not in (
                *(grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNAVAILABLE),
                *(grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL),
            )
    return True


def _give_token() -> None:
    """Have Ray give its token, if there is one: `ray start` asks for it of its own accord, but who joins does
    not give it."""
    import logging

    from ray._private.authentication import authentication_token_setup as setup

    setup.logger.setLevel(logging.CRITICAL)  # it says of each run that there is a token
    setup.maybe_enable_token_auth_if_token_available(warn_if_disabled=False)


def _short(error: BaseException) -> str:
    """The line of an error that says what happened: Ray's hold whole stacks."""
    said = getattr(error, "strerror", None) or str(error)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line for line in lines if "Error: " in line and not line.startswith("File ")]
    return brief((told or lines or [type(error).__name__])[-1 if told else 0], 200).rstrip(".")


# ---- the actors --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Slot:
    """Room for one actor: a node, or a card of one."""

    node: str
    card: int
    name: str
    cpus: int
    cards: int


@dataclass(eq=False)
class _Hand:
    """An actor, and the chunks that it holds, the one that it computes first."""

    slot: _Slot
    actor: Any
    ready: bool = False
    chunks: list[int] = field(default_factory=list)


class _Crew:
    """All actors of a study."""

    def __init__(self, ray: Any, model: PuzzleGPT, folder: StudyFolder):
        self.ray = ray
        plan = folder.plan
        # Given with each chunk, which costs nothing where they are already: as an argument of the actor
        # itself they would not be safe when it is started again.
        self.weights = ray.put(
            {name: weight.detach().cpu().numpy() for name, weight in model.state_dict().items()}
        )
        self.told = Told(
            study=folder.url if "://" in folder.url else folder.root,
            plan=plan.fingerprint,
            sizes=asdict(model.cfg),
            planted=model.planted is not None,
            version=machine.own_version(),
        )
        self.with_cards = machine.read().device != "cpu"
        self.hands: dict[_Slot, _Hand] = {}
        self.unfit: dict[_Slot, str] = {}
        self.asked: dict[Any, tuple[_Hand, int | None]] = {}  # what an answer will be of; None: is it ready?
        self.tries: Counter[int] = Counter()
        self.looked = self.lived = -inf

    def work(self, waiting: deque[int]) -> Iterator[Done]:
        """Have these chunks computed; yields each when it is written."""
        self.waiting = waiting
        self.lived = time.monotonic()
        if not self._slots():
            raise PuzzlescopeError("No node of the Ray cluster has a processor to compute with.")
        while self.waiting or any(hand.chunks for hand in self.hands.values()):
            self._look()
            self._hand_out()
            answered, _ = self.ray.wait(list(self.asked), timeout=LOOK) if self.asked else ([], [])
            if not self.asked:
                time.sleep(LOOK / 5)
            for answer in answered:
                if answer in self.asked:  # else of an actor that has been given up meanwhile
                    done = self._heard(answer)
                    if done is not None:
                        yield done

    def end(self) -> None:
        """End all actors."""
        for hand in list(self.hands.values()):
            self._give_up(hand)

    # ---- who computes --------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Let go of nodes that are lost, and give those that have joined an actor."""
        now = time.monotonic()
        if any(hand.ready for hand in self.hands.values()):
            self.lived = now
        if now - self.looked < LOOK:
            return
        slots = self._slots()
        if now - self.lived > PATIENCE:
            raise PuzzlescopeError(
                f"No node of the Ray cluster had its processors free within {PATIENCE:.0f} s: `ray status`"
                " says who holds them."
            )
        self.looked = now
        for slot in set(self.hands) - set(slots):
            self._give_up(self.hands[slot])
        for slot in slots:
            if slot not in self.hands and slot not in self.unfit:
                self._begin(slot)

    def _slots(self) -> list[_Slot]:
        found = []
        for node in self.ray.nodes():
            if not node["Alive"]:
                continue
            cpus, name = int(node["Resources"].get("CPU", 0)), node["NodeManagerAddress"]
            cards = int(node["Resources"].get("GPU", 0)) if self.with_cards else 0
            found += [
                _Slot(node["NodeID"], card, f"{name}, card {card}", cpus // cards, 1) for card in range(cards)
            ]
            if not cards and cpus:
                found.append(_Slot(node["NodeID"], 0, name, cpus, 0))
        return found

    def _begin(self, slot: _Slot) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        made = self.ray.remote(Chunks).options(
            num_cpus=slot.cpus,
            num_gpus=slot.cards,
            max_restarts=-1,
            max_task_retries=RETRIES,
            scheduling_strategy=NodeAffinitySchedulingStrategy(slot.node, soft=False),
        )
        actor = made.remote(self.told, slot.name, max(1, slot.cpus), bool(slot.cards))
        hand = self.hands[slot] = _Hand(slot, actor)
        self.asked[actor.ready.remote(self.weights)] = hand, None

    def _hand_out(self) -> None:
        for _ in range(IN_FLIGHT):  # in turn, so that the last chunks are not all one actor's
            for hand in self.hands.values():
                if hand.ready and len(hand.chunks) < IN_FLIGHT and self.waiting:
                    chunk = self.waiting.popleft()
                    hand.chunks.append(chunk)
                    self.asked[hand.actor.do.remote(chunk, self.weights)] = hand, chunk

    def _give_up(self, hand: _Hand) -> None:
        """End an actor. Its chunks are the next to be handed out."""
        with suppress(Exception):  # it may be gone with its node, or Ray with the cluster
            self.ray.kill(hand.actor)
        self.hands.pop(hand.slot, None)
        self.asked = {answer: asked for answer, asked in self.asked.items() if asked[0] is not hand}
        self.waiting.extendleft(reversed(hand.chunks))
        hand.chunks.clear()

    # ---- what they answer ----------------------------------------------------------------------------------

    def _heard(self, answer: Any) -> Done | None:
        hand, chunk = self.asked.pop(answer)
        try:
            said = self.ray.get(answer)
        except self.ray.exceptions.RayError as error:
            self._lost(hand, _short(error))
            return None
        if chunk is None:
            hand.ready = not said
            if said:
                self._unfit(hand, said)
            return None
        if isinstance(said, str):
            raise PuzzlescopeError(said)
        hand.chunks.remove(chunk)
        return said

    def _lost(self, hand: _Hand, why: str) -> None:
        """An actor died, more often than Ray starts it again, or with its node."""
        if not hand.ready:
            if hand.slot in self._slots():
                self._unfit(hand, f"it cannot start there ({why}): install this version of Puzzlescope")
            else:
                self._give_up(hand)
            return
        for chunk in hand.chunks[:1]:
            self.tries[chunk] += 1
            if self.tries[chunk] == ACTORS:
                raise PuzzlescopeError(
                    f"Chunk {chunk} was given up: the process that computed it died each time, on {ACTORS}"
                    f" actors one after the other ({why}). The study can go on from where it is."
                )
        self._give_up(hand)
        self.looked = -inf

    def _unfit(self, hand: _Hand, why: str) -> None:
        """A node that cannot compute is left out, unless there is no other."""
        self._give_up(hand)
        self.unfit[hand.slot] = why
        if not self.hands:
            raise PuzzlescopeError(f"The Ray node {hand.slot.name} cannot compute: {why}.")
