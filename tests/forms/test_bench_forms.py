"""`inkdigits bench forms`: its layouts are forms, what is written there is allowed, and its figures are shares of the right things."""

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="needs inkdigits[train]")
from inkdigits.bench import blanks, form_values, stacks
from inkdigits.forms.template import Template


@pytest.fixture(scope="module")
def template():
    return Template.from_dict(blanks.template())


def test_what_is_filled_in_is_what_the_form_allows(template):
    for page in template.pages:
        for seed in range(20):
            rng = np.random.default_rng(seed)
            truth = stacks._truth(page.name, rng)
            for own in page.fields:
                if own.kind is not None and truth[own.name]:
                    text = stacks._as_people_write(truth[own.name], own.given, rng)
                    assert own.kind.problem(text.replace(" ", "")) is None, (own.name, text)
            assert all(check.holds(truth) for check in template.checks if set(check.fields) <= truth.keys())


def test_the_figures_are_shares_of_all_and_of_those_that_are_sure():
    def value(right, sure, constrained=True, listed=False):
        return form_values.Value("exam", "integer", listed, constrained, right, sure)

    values = (value(True, True), value(False, True), value(True, False), value(True, True, listed=True), value(False, False, False))
    pages = [form_values.Page("scanned", True, (0.5, 1.5, 2.5, 0.5), values), form_values.Page("photographed", False, (), ())]
    by_page, by_field = form_values.forms_table(pages)
    assert [(f["pages"], f["n"], f["right_layout"], f["in_place"]) for f in by_page.figures] == [
        ("scanned", 1, 1.0, 0.75), ("photographed", 1, 0.0, 0.0), ("all", 2, 0.5, 0.75),
    ]  # fmt: skip
    figures = {figure["fields"]: figure for figure in by_field.figures}
    assert figures["integer"]["constrained"] == {"right": 0.75, "ok": 0.75, "right_of_ok": pytest.approx(2 / 3)}
    assert figures["integer"]["unconstrained"] == {"right": 0.0, "ok": 0.0, "right_of_ok": 0.0}
    assert figures["check digit or list"]["constrained"]["right"] == 1.0
