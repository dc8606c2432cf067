"""How often a password may be tried."""

from app.server.gate.attempts import ALL, EACH, SECONDS, Attempts


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_address_has_few_and_gets_them_back() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    assert [attempts.begin("10.0.0.1") for _ in range(EACH)] == [0.0] * EACH
    assert attempts.begin("10.0.0.1") == SECONDS
    assert attempts.spent("10.0.0.1") and not attempts.spent("10.0.0.2")
    assert attempts.begin("10.0.0.2") == 0
    clock.now = SECONDS - 1
    assert attempts.begin("10.0.0.1") == 1
    clock.now = SECONDS
    assert attempts.begin("10.0.0.1") == 0


def test_many_addresses_together_have_some() -> None:
    attempts = Attempts(Clock())
    waits = [attempts.begin(f"10.0.{n}.1") for n in range(ALL + 1)]
    assert waits[:-1] == [0.0] * ALL and waits[-1] == SECONDS
    assert not attempts.spent("10.9.9.9")


def test_a_household_of_ipv6_is_one_address() -> None:
    attempts = Attempts(Clock())
    waits = [attempts.begin(f"2001:db8:1:2::{n:x}") for n in range(EACH + 1)]
    assert waits[-1] == SECONDS
    assert attempts.begin("2001:db8:1:3::1") == 0


def test_the_right_password_forgives_slips() -> None:
    attempts = Attempts(Clock())
    for _ in range(5):
        for _ in range(EACH - 1):
            assert attempts.begin("a") == 0
        attempts.right("a")


def test_who_knows_the_password_takes_no_tries_from_others() -> None:
    attempts = Attempts(Clock())
    for _ in range(ALL + 1):
        assert attempts.begin("a") == 0
        attempts.right("a")
