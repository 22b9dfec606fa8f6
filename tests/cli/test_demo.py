"""What the demo reads from the output of the commands that it runs."""

from orgroot.cli.demo import pending_in

SURVEY, REQUEST = "orq_" + "a" * 26, "orq_" + "b" * 26


def test_the_request_that_waits_is_found_behind_the_survey_before_it() -> None:
    """A note may name an earlier survey; what is approved is the request itself."""
    note = f"using the survey {SURVEY}, which is under an hour old\n"
    shown = f"request:       {REQUEST}\nstate:         PENDING\n"
    assert pending_in(note + shown) == REQUEST
    assert pending_in(note) is None
    assert pending_in(shown.replace("PENDING", "SUCCEEDED")) is None
