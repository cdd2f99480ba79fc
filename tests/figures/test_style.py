import pytest
from matplotlib import colors, rcParams

import isaclib
from isaclib.figures import style


def test_a_scheme_looks_the_same_in_every_figure() -> None:
    alone = style.looks([("snr-max-hbf", "direct", "snr-max-hbf")])
    among = style.looks([(name, "direct", name) for name in style.SCHEMES])
    assert alone[0] == among[list(style.SCHEMES).index("snr-max-hbf")]


@pytest.mark.parametrize("system", ["hybrid", "modular", "stars"])
def test_schemes_of_one_system_have_markers_of_their_own(system: str) -> None:
    names = [name for name in isaclib.get_system(system).schemes if name in style.SCHEMES]
    assert len({style.SCHEMES[name][1] for name in names}) == len(names) > 1


@pytest.mark.parametrize(
    "direction", [("sca-bcd", "matrix", "communication", "dpc"), ("speb", "snr", "two", "crb", "sens")]
)
def test_schemes_of_one_direction_have_colours_of_their_own(direction: tuple[str, ...]) -> None:
    names = [name for name in style.SCHEMES if name.startswith(direction)]
    found = style.looks([(name, "direct", name) for name in names])
    # a bound may share the colour of the architecture it bounds: it is a thin line without markers
    assert len({(look.color, look.bound) for look in found}) == len(names)


def test_two_designs_of_one_architecture_share_its_colour_and_differ_in_line_and_marker() -> None:
    names = ["speb-min-hbf", "sca-bcd-hbf", "speb-min-fdbf", "sca-bcd-fdbf", "communication-only-hbf"]
    found = dict(zip(names, style.looks([(name, "direct", name) for name in names]), strict=True))
    for kind in ("hbf", "fdbf"):
        sensing, communication = found[f"speb-min-{kind}"], found[f"sca-bcd-{kind}"]
        assert sensing.color == communication.color
        assert sensing.marker != communication.marker
        assert (sensing.dashes, communication.dashes) == ("solid", style.DASHED)
    assert style.looks([("sca-bcd-hbf", "direct", "alone")])[0].dashes == "solid"


def test_variants_of_a_scheme_share_the_hue_and_differ_in_shade_and_marker() -> None:
    found = style.looks([("speb-min-hbf", "direct", f"{n} RF chains") for n in (4, 8, 16)])
    hues = [colors.rgb_to_hsv(colors.to_rgb(look.color))[0] for look in found]
    assert max(hues) - min(hues) < 0.02
    brightness = [colors.rgb_to_hsv(colors.to_rgb(look.color))[1] for look in found]
    assert brightness == sorted(brightness)
    assert len({look.color for look in found}) == len({look.marker for look in found}) == 3
    assert found[-1].color == style.SCHEMES["speb-min-hbf"][0]


def test_another_solver_has_another_line_and_the_same_colour() -> None:
    first, second = style.looks([("speb-min-hbf", "direct", "a"), ("speb-min-hbf", "sdr-bcd", "b")])
    assert first.color == second.color
    assert first.dashes != second.dashes


def test_compared_solvers_have_colours_and_markers_of_their_own() -> None:
    solvers = ["dual", *style.SOLVERS]
    found = style.looks([("hybrid-beamforming", solver, solver) for solver in solvers])
    assert len({look.color for look in found}) == len({look.marker for look in found}) == len(solvers)
    assert {look.dashes for look in found} == {"solid"}


def test_a_scheme_that_attains_another_is_seen_on_it() -> None:
    below, above = style.looks([(name, "closed-form", name) for name in ("joint-design", "conventional-isac")])
    assert (below.dashes, above.dashes) == ("solid", style.DASHED)
    assert above.bound
    assert above.width < below.width


def test_bounds_are_told_apart_where_they_coincide() -> None:
    dark, light = style.looks([(f"sensing-only-{kind}", "closed-form", kind) for kind in ("fdbf", "hbf")])
    assert dark.bound
    assert light.bound
    assert dark.width < 1.0 < light.width
    assert dark.dashes != light.dashes


def test_unknown_schemes_take_colours_of_their_own_that_do_not_depend_on_their_order() -> None:
    names = ["b-scheme", "a-scheme", "c-scheme"]
    found = style.looks([(name, "direct", name) for name in names])
    again = style.looks([(name, "direct", name) for name in reversed(names)])
    assert found == again[::-1]
    assert len({look.color for look in found}) == 3


def test_labels_are_printed_as_a_paper_prints_them() -> None:
    assert style.display("speb-min-fdbf") == "SPEB-min FDBF"
    assert style.display("two-stage-hbf") == "Two-stage HBF"
    assert style.display("HBF, 8 RF chains") == "HBF, 8 RF chains"


def test_the_style_ends_with_its_context() -> None:
    before = rcParams["font.family"], rcParams["savefig.dpi"]
    with style.context():
        assert rcParams["savefig.dpi"] == 400
    assert (rcParams["font.family"], rcParams["savefig.dpi"]) == before
