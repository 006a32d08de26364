"""A server's first assessment doesn't wait for the kernels: they are compiled beside its start, and nothing of that is left when it stops."""

import pytest

from api.compiling import compiling_ahead


@pytest.mark.slow
def test_the_scoring_is_compiled_beside_the_server() -> None:
    with compiling_ahead(wanted=True) as child:
        assert child is not None
        assert child.wait(180) == 0


def test_a_server_that_stops_takes_the_compiling_along() -> None:
    with compiling_ahead(wanted=True) as child:
        assert child is not None and child.poll() is None
    assert child.poll() is not None


def test_whoever_does_not_want_it_has_no_process_for_it() -> None:
    with compiling_ahead(wanted=False) as child:
        assert child is None
