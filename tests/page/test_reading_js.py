"""The reader in JavaScript reads what the reader in Python reads: stage by stage, constant by constant, text for text.

Python's networks run for both, so that what differs is the reader's own doing.
"""

import importlib
import json
import re
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from in_node import BESIDE, MODULES

from inkdigits import Reader, images
from inkdigits.bench.camera import Camera, photograph
from inkdigits.bench.desks import desk
from inkdigits.drawing.canvas import DARK, write
from inkdigits.images.conversions import opaque
from inkdigits.layout import maps
from inkdigits.layout.cores import Cores
from inkdigits.layout.flat import as_it_is
from inkdigits.layout.ink import find_ink
from inkdigits.layout.regions import Region, join
from inkdigits.layout.writing import SIDE_ONE, SIDE_PAGE, written
from inkdigits.models import SHIPPED
from inkdigits.recognition.alphabet import CLASSES
from inkdigits.recognition.decode import candidates, condensed, log_probabilities, places
from inkdigits.recognition.fields import Field, cropped
from inkdigits.recognition.forms import has_form
from inkdigits.recognition.signs import _aligned
from inkdigits.recognition.strips import strip
from inkdigits.recognition.tiles import tile_of
from inkdigits.recognition.value import value_of
from inkdigits.server.strokes import drawn
from inkdigits.training.pen import GLYPHS

SIGNS = {
    ".": [[(0.1, 1.0), (0.13, 1.02)]],
    ",": [[(0.2, 0.95), (0.08, 1.2)]],
    "-": [[(0.05, 0.55), (0.45, 0.53)]],
    "/": [[(0.5, -0.05), (0.05, 1.05)]],
    ":": [[(0.1, 0.35), (0.13, 0.37)], [(0.1, 0.9), (0.13, 0.92)]],
    "(": [[(0.35, -0.05), (0.1, 0.3), (0.1, 0.7), (0.35, 1.05)]],
    ")": [[(0.05, -0.05), (0.3, 0.3), (0.3, 0.7), (0.05, 1.05)]],
    "%": [
        [(0.7, 0.0), (0.05, 1.0)],
        [(0.1, 0.1), (0.25, 0.2), (0.1, 0.3), (0.0, 0.2), (0.1, 0.1)],
        [(0.6, 0.7), (0.75, 0.8), (0.6, 0.95), (0.5, 0.8), (0.6, 0.7)],
    ],
}
"""How symbols are drawn, in a box of 1 x 1."""
WARPED = 5e-3
"""How far apart probabilities may be of what was turned or laid flat, where some pixels in ten thousand differ by one level."""
EXAMPLES = sorted(path for path in (Path(__file__).parents[2] / "examples").iterdir() if path.suffix in (".jpg", ".png"))
NUMBERS = ["7", "42", "1,250.50", "24/11/2026", "-3.5", "(18)", "12:30", "100%", "8 1 5", "60071"]
MIRRORED = sorted(
    path.relative_to(MODULES).with_suffix("").as_posix() for path in MODULES.rglob("*.js") if path.parent.name in ("layout", "recognition")
)


@pytest.fixture(scope="module")
def reader():
    return Reader()


@pytest.fixture(scope="module")
def read_by_both(modules, reader):
    """Read an image, uint8 (H, W) or (H, W, 3), or the bytes of a file, in both ways: two rows."""
    own = reader._networks
    networks = {"digit": own.digit, "number": own.number, "fields": own.fields, "upright": own.standing}
    cards = {name: json.loads((SHIPPED / name / "card.json").read_text()) for name in networks}

    def run(name, values, dims):
        logits = networks[name].logits(values.reshape(dims))
        return {"data": logits.ravel(), "dims": list(logits.shape)}

    def read(source, **options):
        document, single = images.load(source), options.get("single", False)
        page = document.decode(1, SIDE_ONE if single else SIDE_PAGE)
        found = modules(BESIDE, "readWith", planes(page.image), page.size, cards, run, options)
        python = {"digits_only" if name == "digitsOnly" else name: value for name, value in options.items() if name != "single"}
        return found, reader.trace_page(document, single=single, options=reader.options.__class__(**python)).reading.to_dict()

    return read


def planes(image):
    return [image] if image.ndim == 2 else list(cv2.split(image))


def pen(text, width=700, height=260):
    """What is written on the page's pad, with a glyph for each character: uint8 (H, W)."""
    strokes, left, size = [], 40.0, 110.0
    for character in text:
        form = GLYPHS[character][0] if character in GLYPHS else SIGNS.get(character, [])
        strokes += [[(left + 0.8 * size * x, 60 + size * y) for x, y in _fine(stroke)] for stroke in form]
        left += 100 if character in GLYPHS else 55 if character in SIGNS else 180
    content, _ = drawn(strokes, max(width, left + 40), height, 11)
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)


def _fine(stroke):
    points = np.array(stroke)
    steps = np.linspace(0, len(points) - 1, 4 * len(points))
    return [(np.interp(at, range(len(points)), points[:, 0]), np.interp(at, range(len(points)), points[:, 1])) for at in steps]


def alike(found, wanted, apart=1e-3):
    """Two rows say the same: texts, boxes and reasons the same, probabilities to `apart`."""
    assert found["text"] == wanted["text"]
    for key in ("refused", "left_out", "review_reasons", "value", "needs_review"):
        assert found[key] == wanted[key], key
    assert found["confidence"] == pytest.approx(wanted["confidence"], abs=apart)
    for ours, theirs in zip(found["lines"], wanted["lines"], strict=True):
        assert ours["box"] == theirs["box"]
        assert dict(ours["candidates"]) == pytest.approx(dict(theirs["candidates"]), abs=apart)
        for one, other in zip(ours["digits"], theirs["digits"], strict=True):
            assert (one["label"], one["box"], one.get("refused")) == (other["label"], other["box"], other.get("refused"))
            assert one["confidence"] == pytest.approx(other["confidence"], abs=apart)
            assert dict(one["alternatives"]) == pytest.approx(dict(other["alternatives"]), abs=apart)
            assert one.get("probabilities", {}) == pytest.approx(other.get("probabilities", {}), abs=apart)


@pytest.mark.parametrize("text", NUMBERS)
def test_a_drawing_is_read_alike(read_by_both, text):
    found, wanted = read_by_both(pen(text))
    alike(found, wanted)
    assert found["lines"], "something is read"


@pytest.mark.parametrize("degrees", [-15, 25, 90, 180])
def test_a_page_that_is_turned_is_read_alike(read_by_both, degrees):
    page = np.vstack([pen("2735", 700), pen("1846", 700), pen("40932", 700)])
    height, width = page.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 0.8)
    turn[:, 2] += (500 - width / 2, 500 - height / 2)
    found, wanted = read_by_both(cv2.warpAffine(page, turn, (1000, 1000), borderValue=255))
    alike(found, wanted, WARPED)
    assert len(found["lines"]) >= 3


@pytest.mark.parametrize(
    ("kind", "roll", "lean"),
    [
        pytest.param("dark", 4, 10, id="a dark desk"),
        pytest.param("wood", -25, 15, id="tilted on wood"),
        pytest.param("cloth", 180, 5, id="on its head"),
    ],
)
def test_a_sheet_on_a_desk_is_read_alike(read_by_both, kind, roll, lean):
    random = np.random.default_rng(7)
    sheet = np.dstack(3 * [np.vstack([pen("2735", 560, 200), pen("1846", 560, 200), pen("409", 560, 200)])])
    found, wanted = read_by_both(photograph(sheet, desk(kind, 0), Camera(roll=roll, pitch=lean, yaw=-lean), random))
    alike(found, wanted, WARPED)
    assert found["text"] == "2735\n1846\n409"


@pytest.mark.parametrize("degrees", [0, 90])
def test_a_large_jpeg_is_read_alike_and_its_boxes_are_told_in_its_own_pixels(read_by_both, degrees):
    page = cv2.resize(np.vstack([pen("2735", 700), pen("1846", 700), pen("40932", 700)]), None, fx=3.6, fy=3.6)
    found, wanted = read_by_both(cv2.imencode(".jpg", np.ascontiguousarray(np.rot90(page, degrees // 90)))[1].tobytes())
    alike(found, wanted)
    assert found["text"] == "2735\n1846\n40932"
    x, y, width, height = found["lines"][0]["box"]
    assert max(x + width, y + height) > 1260, "the source is twice as large as what was decoded"


@pytest.mark.parametrize(
    ("long", "single", "part"), [(2399, False, 1), (2400, False, 2), (9600, False, 8), (4000, False, 2), (1280, True, 8)]
)
def test_as_much_is_decoded_as_in_python(modules, long, single, part):
    assert modules("images/decode.js", "fewer", 700, long, single) == part
    source = cv2.imencode(".jpg", np.zeros((long, 700), np.uint8))[1].tobytes()
    page = images.load(source).decode(1, SIDE_ONE if single else SIDE_PAGE)
    assert (page.size[0] / page.image.shape[0]) == pytest.approx(part, rel=0.01)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_read_alike(read_by_both, path):
    alike(*read_by_both(images.first(path)))


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"single": True}, id="one digit"),
        pytest.param({"single": True, "threshold": 0}, id="one digit, always answered"),
        pytest.param({"threshold": 0}, id="always answered"),
        pytest.param({"threshold": 0.999}, id="hardly ever answered"),
        pytest.param({"alphabet": "digits"}, id="digits alone"),
        pytest.param({"digitsOnly": True}, id="no symbols"),
        pytest.param({"decimal": "comma"}, id="decimal comma"),
        pytest.param({"printed": True}, id="print too"),
    ],
)
@pytest.mark.parametrize("text", ["3", "1.250,50"])
def test_options_do_the_same(read_by_both, text, options):
    alike(*read_by_both(pen(text), **options))


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(np.full((80, 90), 200, np.uint8), id="blank"),
        pytest.param(np.pad(np.zeros((4, 60), np.uint8), 30, constant_values=250), id="a dash"),
        pytest.param(255 - pen("42"), id="white on black"),
        pytest.param(pen("17")[::4, ::4], id="small"),
        pytest.param(np.random.default_rng(0).integers(180, 255, (60, 80), np.uint8), id="grain"),
    ],
)
def test_what_is_odd_is_read_alike(read_by_both, image):
    alike(*read_by_both(image))


def test_several_lines_are_read_alike(read_by_both):
    found, wanted = read_by_both(np.vstack([pen("2735", 900), pen("18", 900), pen("409", 900)]))
    alike(found, wanted)
    assert found["text"].count("\n") == 2


def test_print_beside_handwriting_is_left_out_alike(read_by_both):
    page = np.full((540, 900, 3), 255, np.uint8)
    for row, (label, number) in enumerate([("Distance in km", "368"), ("Date of travel", "42"), ("Way by train", "9350")]):
        write(page, label, 50, 40 + 180 * row, 30, DARK)
        page[180 * row : 160 + 180 * row, 400:] = pen(number, 1000, 320)[::2, ::2, None]
    found, wanted = read_by_both(page)
    alike(found, wanted)
    assert "print" in [left["reason"] for left in found["left_out"]]


@pytest.mark.parametrize("ink", [pytest.param((20, 20, 40), id="dark ink"), pytest.param((240, 240, 240), id="light ink")])
@pytest.mark.parametrize("least", [0, 255])
def test_transparency_is_laid_on_the_same_paper(modules, ink, least):
    image = np.empty((30, 40, 4), np.uint8)
    image[...] = (*ink, 0)
    image[..., 3] = np.maximum(np.add.outer(np.arange(30) * 4, np.arange(40) * 3).clip(0, 255), least)
    found = modules("images/conversions.js", "opaque", {"width": 40, "height": 30, "data": image.ravel()})
    wanted = opaque(image)
    assert all((plane == wanted[..., channel % 3]).all() for channel, plane in enumerate(found))
    assert len(found) == (1 if (wanted[..., :1] == wanted).all() else 3)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_ink_is_the_same(modules, path):
    image = images.first(path)
    ink, wanted = modules("layout/ink.js", "findInk", planes(image), 1200), find_ink(image, side=1200)
    # The parabola under the paper is a sum of float32, and NumPy's order of adding is its own: a rounded pixel may be another.
    assert (ink["strength"] != wanted.strength).mean() < 1e-4
    assert (ink["mask"] == wanted.mask).all()
    assert (ink["stroke"], ink["scale"]) == (wanted.stroke, wanted.scale)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_regions_and_their_tiles_are_the_same(modules, path):
    image = images.first(path)
    ink, lines, *_ = written(as_it_is(image), single=False, clock=SimpleNamespace(lap=lambda stage: None))
    sheet = {"image": planes(image), "maps": None}
    _, found, *_ = modules("layout/writing.js", "written", sheet, False)
    for ours, theirs in zip(found, lines, strict=True):
        for row, own in zip(ours, theirs, strict=True):
            assert [[r[key] for key in ("x", "y", "width", "height")] for r in row] == [[r.x, r.y, r.width, r.height] for r in own]
            assert all((r["mask"] == region.mask).all() for r, region in zip(row, own, strict=True))
            strength = ink.strength.astype(np.float32) / 255
            for region in own:
                window = strength[region.y : region.bottom, region.x : region.right]
                np.testing.assert_allclose(modules("recognition/tiles.js", "tile", window, region.mask), tile_of(ink, region), atol=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_the_cores_say_the_same(modules, seed):
    random = np.random.default_rng(seed)
    likely = np.zeros((30, 50, len(maps.CLASSES)), np.float32)
    likely[..., maps.CORE] = cv2.GaussianBlur(random.random((30, 50)).astype(np.float32), (0, 0), 1.5) * 1.7 - 0.35
    likely[..., maps.WRITING] = cv2.GaussianBlur(random.random((30, 50)).astype(np.float32), (0, 0), 4)
    cores = Cores.of(likely, 3.7)
    drawn_rows = [
        [(int(random.integers(0, 170)), int(random.integers(0, 95)), random.random((24, 20)) > 0.5) for _ in range(3)] for _ in range(5)
    ]
    regions = [[Region(x, y, mask.shape[1], mask.shape[0], mask) for x, y, mask in row] for row in drawn_rows]
    numbers, handwritten, printed = modules(BESIDE, "coresOf", likely[..., maps.CORE], likely[..., maps.WRITING], 3.7, drawn_rows)
    assert numbers == [[cores.number_of(region) for region in row] for row in regions]
    assert any(number for row in numbers for number in row)
    assert handwritten == cores.handwritten(regions)
    assert printed == [cores.is_print(join(row)) for row in regions]
    assert len(set(printed)) == 2


def test_strips_are_the_same(modules):
    grey, contract = pen("9021", 500), json.loads((SHIPPED / "number" / "card.json").read_text())["preprocessing"]
    for field in (Field(20, 410, 130, 0.0, -60, 60), Field(20, 410, 110, 0.1, -60, 60), Field(300, 304, 130, 0.0, -4, 9)):
        crop = modules(BESIDE, "croppedField", grey, asdict(field)).astype(int)
        assert np.abs(crop - cropped(grey, field)).max() <= 1
        for width in (16, 90, 333):
            wanted = strip(cropped(grey, field), width)
            np.testing.assert_allclose(modules("recognition/strips.js", "strip", cropped(grey, field), width, contract), wanted, atol=1e-5)


def frames(count, seed, blanks=0.7):
    random = np.random.default_rng(seed)
    logits = random.normal(0, 3, (count, len(CLASSES)))
    logits[:, 0] += np.where(random.random(count) < blanks, 14, 0)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def rows(of):
    """Frames as the modules have them: a list of rows."""
    return [list(map(float, row)) for row in of]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("allowed", [None, [1, 2, 3, 8]])
def test_the_search_is_the_same(modules, seed, allowed):
    every = frames(40, seed)
    fewer, starts = condensed(every)
    found = modules("recognition/decode.js", "condensed", rows(every))
    assert found["starts"] == starts.tolist()
    np.testing.assert_allclose([list(row) for row in found["frames"]], fewer, atol=1e-9)
    best = candidates(fewer, 6, allowed=allowed)
    ours = modules("recognition/decode.js", "candidates", rows(fewer), 6, allowed)
    assert [tuple(one["text"]) for one in ours] == [one.text for one in best]
    assert [one["probability"] for one in ours] == pytest.approx([one.probability for one in best], rel=1e-6)
    texts = [one.text for one in best]
    logs = modules("recognition/decode.js", "logProbabilities", [rows(fewer), rows(every)], texts)
    np.testing.assert_allclose(logs, log_probabilities([fewer, every], texts), rtol=1e-6)
    for text in texts:
        assert [tuple(span) for span in modules("recognition/decode.js", "places", rows(fewer), text)] == places(fewer, text)
    assert modules("recognition/decode.js", "places", rows(fewer[:2]), [1, 1, 1, 1]) is None


@pytest.mark.parametrize(
    ("text", "other"), [("12345", "1345"), ("1111", "11"), ("5,20", "520"), ("", "4"), ("901", "109"), ("12312", "23123")]
)
def test_texts_are_aligned_alike(modules, text, other):
    ours, theirs = ([CLASSES.index(character) for character in one] for one in (text, other))
    assert modules("recognition/signs.js", "aligned", ours, theirs) == _aligned(tuple(ours), tuple(theirs))


TEXTS = [
    *("12", "1,250.50", "1.250", "0.125", "1.250.000", "12,5", "-3.5", "24/11/2026", "12:30", "(18)", "5-", "5,--"),
    *("1-2-3", "..", "+49-30", "12.345,6"),
]


@pytest.mark.parametrize("text", TEXTS)
def test_forms_and_values_are_the_same(modules, text):
    signs = [CLASSES.index(character) for character in text]
    assert modules("recognition/forms.js", "hasForm", signs) == has_form(tuple(signs))
    for decimal in (None, "point", "comma"):
        assert modules("recognition/value.js", "valueOf", text, decimal) == value_of(text, decimal)


def constants_of(names):
    """Those names that are constants, with their values as JSON has them."""
    kinds = (int, float, str, tuple, list, dict)
    found = {name: value for name, value in names.items() if re.fullmatch("[A-Z][A-Z_]*", name) and isinstance(value, kinds)}
    return json.loads(json.dumps(found))


LACKING = {
    "recognition/alphabet": {"STRUCK", "LOOK_ALIKE"},  # of what makes labels of texts to train on
    "recognition/networks": {"DIGITS"},
    "recognition/decide": {"PAGE", "UNSURE"},  # sentences with gaps, functions there
    "recognition/strips": {"HEIGHT", "STEP", "ENDS", "CONTRACT"},  # in the card
    "recognition/forms": {"FORMS"},  # regular expressions are written otherwise
}
"""Constants that the modules lack, or have in another form."""
OWN = {
    "recognition/networks": {"NOT_A_DIGIT"},
    "recognition/strips": {"VERSION"},
    "recognition/forms": {"FORMS"},
    "recognition/value": {"NUMBER"},
}
"""Constants that Python has elsewhere, or not."""


@pytest.mark.parametrize("module", MIRRORED)
def test_constants_are_the_same(modules, module):
    python = importlib.import_module(f"inkdigits.{module.replace('/', '.')}")
    source = Path(python.__file__).read_text()
    own = {name for name in vars(python) if re.search(rf"^(?:[A-Z_, ]*\b)?{name}\b[A-Z_, ]*(?::[^=]+)?=", source, re.M)}
    wanted = constants_of({name: value for name, value in vars(python).items() if name in own})
    wanted = {name: value for name, value in wanted.items() if name not in LACKING.get(module, ())}
    found = constants_of(modules(BESIDE, "exported", str(MODULES / f"{module}.js")))
    found = {name: value for name, value in found.items() if name not in OWN.get(module, ())}
    assert found == wanted


def test_strips_have_a_version_that_the_modules_know(modules):
    from inkdigits.recognition.strips import CONTRACT

    assert CONTRACT["version"] == modules("recognition/strips.js", "VERSION")
    assert json.loads((SHIPPED / "number" / "card.json").read_text())["preprocessing"] == CONTRACT


def test_every_module_says_what_it_mirrors():
    for path in MODULES.rglob("*.js"):
        first = path.read_text().splitlines()[0]
        named = re.findall(r"[a-z_/]+\.py", first)
        assert named or "Mirrors no file" in first or path.name in ("worker.js",), path
        for name in named:
            assert (Path(maps.__file__).parents[1] / name).is_file(), f"{path}: {name}"
