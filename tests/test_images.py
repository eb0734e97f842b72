"""Pictures come in, stay the bytes they are, and become pixels; what cannot is refused by name."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import re
import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

import mintmark as mm
from mintmark.data.images import MOST_PIXELS, encoded, pixels, sizes
from mintmark.data.known import as_texts
from mintmark.data.profile import profile
from mintmark.errors import InputError, OutputError
from mintmark.run.recipe import Recipe

SHARED = Path(__file__).parents[2] / "shared" / "data"
RED, BLUE = (255, 0, 0), (0, 0, 255)


def drawn(height=6, width=8, channels=3, seed=0):
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def saved(picture, form="PNG", **options):
    if not isinstance(picture, Image.Image):
        picture = Image.fromarray(np.asarray(picture))
    out = io.BytesIO()
    picture.save(out, format=form, **options)
    return out.getvalue()


def cells(*content):
    return pa.array(content, pa.binary())


def png(width, height, depth=8, colour=0, rows=b""):
    """A PNG written by hand, so that its header may say what no encoder would."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.fixture
def classes(tmp_path):
    """Two classes of PNG and JPEG files, with a hidden file and a hidden folder."""
    for name, picture, form in (
        ("dog/b.png", drawn(seed=1), "PNG"),
        ("dog/a.jpg", drawn(seed=2), "JPEG"),
        ("cat/10.png", drawn(seed=3), "PNG"),
        ("cat/9.PNG", drawn(seed=4), "PNG"),
        (".cache/x.png", drawn(seed=5), "PNG"),
    ):
        path = tmp_path / "pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(saved(picture, form))
    (tmp_path / "pets/cat/.DS_Store").write_bytes(b"\0")
    return tmp_path / "pets"


# --- pixels and back


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_pixels_come_back_from_png_as_they_were(data):
    shape = data.draw(
        st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3, 4]))
    )
    before = data.draw(arrays(np.uint8, shape))
    kept = encoded(before)
    assert kept.type == pa.binary()
    np.testing.assert_array_equal(pixels(kept), before)
    assert sizes(kept).tolist() == [list(shape[1:])] * shape[0]
    if shape[3] == 1:
        assert encoded(before[..., 0]).equals(kept)


def test_a_picture_of_one_pixel_is_a_picture():
    assert pixels(encoded(np.array([[[7]]], np.uint8))).tolist() == [[[[7]]]]


def test_no_pictures_are_no_pixels():
    assert pixels(cells()).shape[0] == sizes(cells()).shape[0] == 0
    assert pixels(cells(), size=(2, 3), channels=1).shape == (0, 2, 3, 1)


def test_the_rows_of_a_slice_and_of_chunks_are_the_right_ones():
    x = np.arange(6, dtype=np.uint8).reshape(6, 1, 1)
    kept = encoded(x)
    parts = pa.chunked_array([*kept.slice(0, 2).chunks, *kept.slice(2, 4).chunks])
    assert pixels(parts.slice(1, 3)).ravel().tolist() == [1, 2, 3]
    assert pixels(kept.combine_chunks().cast(pa.large_binary())).ravel().tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("x", "told"),
    [
        (np.zeros((2, 3, 3), np.float32), r"float32, not uint8.*\(x \* 255\)"),
        (np.zeros((2, 3), np.uint8), r"shape \(2, 3\)"),
        (np.zeros((2, 3, 8, 8), np.uint8), "channels last"),
        (np.zeros((2, 0, 3), np.uint8), "0 x 3"),
        (np.broadcast_to(np.uint8(0), (1, 8_001, 8_000)), "8,001 x 8,000"),
    ],
)
def test_what_is_no_array_of_pictures_is_refused(x, told):
    with pytest.raises(InputError, match=told):
        encoded(x)


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ({"size": 5}, "size must be"), ({"size": (0, 3)}, "size must be"),
        ({"size": (9_000, 9_000)}, "at most"),
        ({"channels": 2}, "channels must be"),
    ],
)  # fmt: skip
def test_a_wrong_size_or_number_of_channels_is_told(choice, told):
    with pytest.raises(InputError, match=told):
        pixels(cells(saved(drawn())), **choice)


# --- kinds of pictures


def test_palettes_are_colours_and_what_shines_through_is_a_channel():
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), mode="P")
    palette.putpalette([*RED, *BLUE])
    assert pixels(cells(saved(palette))).tolist() == [[[[*RED], [*BLUE]]]]
    clear = cells(saved(palette, transparency=1))
    assert sizes(clear).tolist() == [[1, 2, 4]]
    assert pixels(clear).tolist() == [[[[*RED, 255], [*BLUE, 0]]]]
    assert pixels(clear, channels=3).tolist() == [[[[*RED], [255, 255, 255]]]]  # laid over white
    grey = cells(saved(np.array([[[9, 255], [9, 0]]], np.uint8)))
    assert pixels(grey).tolist() == [[[[9, 9, 9, 255], [9, 9, 9, 0]]]]
    assert pixels(grey, channels=1).tolist() == [[[[9], [255]]]]
    assert pixels(cells(saved(np.array([[9, 5]], np.uint8), transparency=5)), channels=1).tolist() == [
        [[[9], [255]]]
    ]


def test_black_and_white_and_cmyk_are_brought_to_grey_and_rgb():
    flags = np.array([[True, False]])
    assert pixels(cells(saved(Image.fromarray(flags)))).tolist() == [[[[255], [0]]]]
    ink = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    made = pixels(cells(saved(ink, "JPEG", quality=95)))
    assert made.shape == (1, 8, 8, 3)
    assert np.abs(made.astype(int) - RED).max() < 8


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_every_form_is_read_and_its_column_found_to_be_pictures(form):
    cell = saved(np.full((5, 7, 3), 200, np.uint8), form)
    data = mm.read({"scan": [cell] * 3, "x": [1, 2, 3]})
    assert data.schema["scan"].kind == "image"
    assert sizes(data.table["scan"]).tolist() == [[5, 7, 3]] * 3
    assert np.abs(pixels(data.table["scan"]).astype(int) - 200).max() <= 2


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_picture_stands_as_its_exif_data_says(turn):
    upright = np.zeros((16, 24, 3), np.uint8)
    upright[:8, :8] = RED
    upright[:8, 16:] = BLUE
    undone = {2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}  # to lay a picture down is to turn it the other way
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # EXIF orientation to Pillow's number
    lying = Image.fromarray(upright)
    if turn > 1:
        lying = lying.transpose(Image.Transpose(turns[undone[turn]]))
    about = Image.Exif()
    about[0x0112] = turn
    for form in ("PNG", "JPEG"):
        cell = cells(saved(lying, form, exif=about, **({"quality": 100} if form == "JPEG" else {})))
        assert sizes(cell).tolist() == [[16, 24, 3]]
        assert np.abs(pixels(cell)[0].astype(int) - upright)[4, [4, 20]].max() < 12


def test_damaged_exif_data_do_not_spoil_a_picture():
    cell = cells(saved(drawn(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff\1\2\3"))
    assert pixels(cell).shape == (1, 6, 8, 3)


def test_size_and_channels_bring_all_to_one_shape():
    mixed = cells(saved(drawn(6, 8)), saved(drawn(30, 20)), saved(drawn(1, 1, 1)), saved(drawn(9, 9, 4)))
    assert pixels(mixed, size=(12, 10), channels=3).shape == (4, 12, 10, 3)
    flat = cells(saved(np.full((40, 30, 3), 77, np.uint8)))
    assert (pixels(flat, size=(4, 5)) == 77).all()


def test_mixed_sizes_and_channels_are_told_with_the_remedy():
    with pytest.raises(InputError, match=r"row 2 of 2: a picture of 3 x 4 pixels.*6 x 8.*size="):
        pixels(cells(saved(drawn()), saved(drawn(3, 4))))
    with pytest.raises(InputError, match=r"row 2 of 2: a picture of 1 channels.*row 1 has 3.*channels="):
        pixels(cells(saved(drawn()), saved(drawn(channels=1))))


# --- what is refused


def frames(form, **options):
    pair = [Image.fromarray(drawn(seed=seed)) for seed in (0, 1)]
    return saved(pair[0], form, save_all=True, append_images=pair[1:], **options)


BAD = {
    "bomb": (png(100_000, 100_000), r"declares .*more pixels, the limit is 64,000,000"),
    "large": (png(10_000, 8_000), r"declares 8,000 x 10,000 pixels"),
    "above Pillow's warning": (png(10_000, 10_000), r"declares 10,000 x 10,000 pixels"),
    "no pixels": (png(0, 5), "damaged"),
    "truncated PNG": (saved(drawn(40, 40))[:2_000], "damaged or truncated"),
    "truncated JPEG": (saved(drawn(40, 40), "JPEG")[:900], "damaged or truncated"),
    "a header alone": (saved(drawn())[:12], "damaged"),
    "JPEG with a torn header": (saved(drawn(), "JPEG")[:20] + b"\xff" * 90, "damaged"),
    "PNG with a wrong checksum": (saved(drawn())[:20] + b"\1" + saved(drawn())[21:], "damaged"),
    "PNG with torn pixels": (saved(drawn())[:60] + b"\xaa" * 20 + saved(drawn())[80:], "damaged"),
    "16 bits of grey": (saved(np.full((2, 2), 40_000, np.uint16)), "16 bits"),
    "16 bits of colour": (png(1, 1, 16, 2, b"\0" + b"\1\2" * 3), "16 bits"),
    "animated GIF": (frames("GIF"), "animated"),
    "animated WebP": (frames("WEBP"), "animated"),
    "animated PNG": (frames("PNG"), "animated"),
    "TIFF": (saved(drawn(), "TIFF"), r"no PNG, JPEG, GIF, WebP or BMP"),
    "text": (b"hello", r"no PNG, JPEG"),
    "nothing": (b"", r"no PNG, JPEG"),
    "missing": (None, r"no picture\. Leave out"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_picture_is_refused_by_its_row(name):
    content, told = BAD[name]
    with pytest.raises(InputError, match=rf"row 2 of 3: .*{told}") as caught:
        pixels(cells(saved(drawn()), content, saved(drawn())), size=(4, 4), channels=3)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("name", sorted(set(BAD) - {"missing", "text", "nothing", "TIFF"}))
def test_a_bad_file_is_refused_by_its_name_at_the_door_or_when_it_is_decoded(classes, name):
    (classes / "cat" / "bad.png").write_bytes(BAD[name][0])
    if name in {"truncated PNG", "truncated JPEG", "PNG with torn pixels"}:  # the header is whole
        with pytest.raises(InputError, match="row 3 of 5"):
            pixels(mm.read(classes).table["image"], size=(4, 4))
    else:
        with pytest.raises(InputError, match=re.escape(str(classes / "cat" / "bad.png"))):
            mm.read(classes)


def test_a_bomb_is_refused_from_its_header():
    bombs = [cells(png(side, side, rows=b"\0" * 10_000_000)) for side in (100_000, 10_000, 9_000)]
    tracemalloc.start()
    for bomb in bombs:
        with pytest.raises(InputError, match="declares"):
            sizes(bomb)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    assert MOST_PIXELS == 8_000 * 8_000


@settings(deadline=None, max_examples=80)
@given(st.binary(max_size=80), st.integers(0, 400), st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "BMP"]))
def test_any_bytes_give_pixels_or_an_input_error(junk, at, form):
    content = saved(np.full((6, 8, 3), 50, np.uint8), form)
    content = content[:at] + junk + content[at + len(junk) :]
    with contextlib.suppress(InputError):
        assert pixels(cells(content), size=(3, 3), channels=3).shape == (1, 3, 3, 3)


def test_a_column_of_something_else_is_told():
    with pytest.raises(InputError, match="not string"):
        pixels(pa.array(["a.png"]))


def test_without_pillow_one_line_says_what_to_install():
    code = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "PIL":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
import numpy as np, pyarrow as pa, mintmark as mm
from mintmark.data import images
from mintmark.data.profile import profile
cell = b"\\x89PNG\\r\\n\\x1a\\n" + bytes(20)
data = mm.read(pa.table({"image": [cell, cell]}))
print(data.schema["image"].kind)
pair = (images.pixels, data.table["image"]), (images.encoded, np.zeros((1, 2, 2), np.uint8))
for call, given in pair:
    try:
        call(given)
    except mm.errors.MissingExtraError as error:
        print(error)
print(profile(data)[0]["warnings"][-1])
"""
    code = code.replace("mm.errors", "__import__('mintmark.errors', fromlist=['x'])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    told = "pillow is not installed. Run: pip install 'mintmark[images]'"
    assert done.stdout.splitlines() == ["image", told, told, told], done.stderr


# --- folders


def test_a_folder_of_classes_is_a_table_of_pictures_and_labels(classes):
    data = mm.read(classes, target="label")
    assert data.names == ["image", "label"]
    assert [(c.kind, c.dtype) for c in data.schema] == [("image", "binary"), ("category", "string")]
    assert data.target == "label"
    files = ["cat/10.png", "cat/9.PNG", "dog/a.jpg", "dog/b.png"]  # sorted as text
    assert data.table["image"].to_pylist() == [(classes / file).read_bytes() for file in files]
    assert data.table["label"].to_pylist() == ["cat", "cat", "dog", "dog"]


def test_classes_are_categories_whatever_their_names_look_like(tmp_path):
    for name in ("2024-05-01", "2024-05-02"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(saved(drawn()))
    assert mm.read(tmp_path).schema["label"].kind == "category"
    assert mm.read(tmp_path, kinds={"label": "datetime"}).schema["label"].kind == "datetime"
    assert mm.read(tmp_path, drop=["label"]).names == ["image"]
    assert mm.read(tmp_path, columns=["label", "image"]).names == ["label", "image"]


def test_a_flat_folder_is_a_table_of_pictures_and_file_names(classes):
    data = mm.read(str(classes / "dog"))
    assert data.table["file"].to_pylist() == ["a.jpg", "b.png"]
    assert data.schema["file"].roles == ("key",)
    assert data.schema["file"].kind == "text"


def test_what_is_no_picture_is_left_out_and_named(classes, caplog):
    (classes / "cat/notes.txt").write_text("both asleep")
    (classes / "README").write_text("pets")
    (classes / "empty").mkdir()
    (classes / "dog/c").write_bytes(saved(drawn()))  # a picture by what it holds
    with caplog.at_level(logging.WARNING):
        data = mm.read(classes)
    assert data.table["label"].to_pylist() == ["cat", "cat", "dog", "dog", "dog"]
    assert "no pictures: pets/README, cat/notes.txt" in caplog.text
    assert "hold no pictures: empty" in caplog.text


def test_a_file_that_only_is_named_a_picture_is_refused(classes):
    (classes / "cat/page.jpg").write_text("<html>not found</html>")
    with pytest.raises(InputError, match=r"page.jpg is no PNG, JPEG.*Convert it, or take it away"):
        mm.read(classes)


def test_links_are_refused(classes, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(saved(drawn()))
    link = classes / "cat/z.png"
    for target, place in ((secret, link), (tmp_path, classes / "all"), (classes, classes / "round")):
        place.symlink_to(target)
        with pytest.raises(InputError, match=f"{place.name} is a link"):
            mm.read(classes)
        place.unlink()
    whole = tmp_path / "named"
    whole.symlink_to(classes)  # whoever names a link means it
    assert len(mm.read(whole)) == 4


def test_pipes_are_not_opened(classes):
    os.mkfifo(classes / "cat/pipe")
    assert len(mm.read(classes)) == 4


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ("x.png", r"holds pictures \(x.png, ...\) beside folders of pictures \(cat"),
        ("train/cat/x.png", r"train holds folders \(cat\).*read\('.*train'\)"),
    ],
)
def test_pictures_at_two_depths_are_refused(classes, made, told):
    (classes / made).parent.mkdir(parents=True, exist_ok=True)
    (classes / made).write_bytes(saved(drawn()))
    with pytest.raises(InputError, match=told):
        mm.read(classes)


def test_a_folder_without_pictures_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("a\n1\n")
    with pytest.raises(InputError, match=r"is a folder that holds no pictures.*read_database"):
        mm.read(tmp_path)


def test_a_name_that_is_not_utf8_is_refused(classes):
    (Path(os.fsdecode(os.fsencode(classes / "cat") + b"/\xff.png"))).write_bytes(saved(drawn()))
    with pytest.raises(InputError, match="not UTF-8"):
        mm.read(classes)


# --- .npz


def test_pictures_and_labels_of_an_npz_file(tmp_path):
    x, y = drawn(5, 6, 4), np.array([["a"], ["b"], ["a"], ["c"], ["a"]])
    np.savez(tmp_path / "t.npz", images=x, labels=y)
    data = mm.read(tmp_path / "t.npz", target="label")
    np.testing.assert_array_equal(pixels(data.table["image"])[..., 0], x)
    assert data.table["label"].to_pylist() == y.ravel().tolist()
    assert [c.kind for c in data.schema] == ["image", "category"]


def test_one_split_of_several_is_named(tmp_path):
    parts = {"train": 4, "val": 2, "test": 3}
    held = {f"{part}_images": np.full((n, 2, 2), n, np.uint8) for part, n in parts.items()}
    held |= {f"{part}_labels": np.zeros((n, 1), np.uint8) for part, n in parts.items()}
    np.savez_compressed(tmp_path / "t.npz", **held)
    for part, n in parts.items():
        data = mm.read(tmp_path / "t.npz", split=part)
        assert len(data) == n
        assert (pixels(data.table["image"]) == n).all()
    with pytest.raises(InputError, match=r"t.npz: .*'train', 'val', 'test'.*split='train'"):
        mm.read(tmp_path / "t.npz")
    with pytest.raises(InputError, match=r"unknown split 'tests'. Did you mean 'test'?"):
        mm.read(tmp_path / "t.npz", split="tests")


def test_split_is_for_npz_files_alone(classes):
    for source in (classes, {"a": [1, 2]}):
        with pytest.raises(InputError, match="split="):
            mm.read(source, split="train")


GOOD = np.zeros((3, 2, 2), np.uint8)
ARRAYS = {
    "no name": ({"pixels": GOOD}, r"no array is named as pictures.*There are: pixels"),
    "two names": ({"x": GOOD, "images": GOOD}, "'x' and 'images' could be the same"),
    "labels of other rows": ({"x": GOOD, "y": np.zeros(4, int)}, r"shape \(4,\), 'x' 3 pictures"),
    "many labels": ({"x": GOOD, "y": np.zeros((3, 14), int)}, "one label a picture"),
    "labels with a fraction": ({"x": GOOD, "y": np.zeros(3)}, "float64"),
    "floats": ({"x": GOOD / 255}, "float64, not uint8"),
    "flat": ({"x": np.zeros((3, 784), np.uint8)}, r"shape \(3, 784\)"),
    "channels first": ({"x": np.zeros((3, 3, 9, 9), np.uint8)}, "channels last"),
    "none": ({"x": GOOD[:0]}, "holds no pictures"),
    "objects": ({"x": np.array([GOOD, None, 3], object)}, "never unpickled"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_that_do_not_fit_are_told(tmp_path, name):
    held, told = ARRAYS[name]
    np.savez(tmp_path / "t.npz", **held)
    with pytest.raises(InputError, match=f"t.npz.*{told}"):
        mm.read(tmp_path / "t.npz")


def test_a_damaged_or_absent_npz_file_is_told(tmp_path):
    np.savez(tmp_path / "t.npz", x=GOOD)
    content = (tmp_path / "t.npz").read_bytes()
    for torn in (content[:-30], b"", b"PK\3\4" + bytes(50), content[:60] + b"\xff" * 40 + content[100:]):
        (tmp_path / "t.npz").write_bytes(torn)
        with pytest.raises(InputError, match=r"t.npz is damaged"):
            mm.read(tmp_path / "t.npz")
    with pytest.raises(InputError, match=r"Did you mean '.*t.npz'"):
        mm.read(tmp_path / "tt.npz")


# --- tables


def test_arrays_of_pixels_may_stand_in_a_mapping():
    x = drawn(4, 5, 3)[None].repeat(3, axis=0)
    data = mm.read({"photo": x, "label": ["a", "b", "a"]})
    assert data.schema["photo"].kind == "image"
    np.testing.assert_array_equal(pixels(data.table["photo"]), x)


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_nothing_is_lost_on_the_disk(tmp_path, ending):
    x = [saved(drawn()), None, saved(drawn(50, 50), "JPEG"), saved(drawn(seed=3))]
    data = mm.read({"image": pa.array(x), "label": ["a", "b", "b", "a"]}, target="label")
    data.write(tmp_path / f"t.{ending}")
    again = mm.read(tmp_path / f"t.{ending}")
    assert again.table.equals(data.table)
    assert again.schema == data.schema
    assert data[1:3].table.equals(again.take([1, 2]).table)


def test_parquet_is_as_hugging_face_datasets_loads_pictures(tmp_path):
    data = mm.read({"photo": [saved(drawn()), None], "x": [1.5, 2.5], "y": [3, 4]})
    mm.write([data, data], tmp_path / "t.parquet")
    schema = pq.read_schema(tmp_path / "t.parquet")
    assert schema.field("photo").type == pa.struct({"bytes": pa.binary(), "path": pa.string()})
    assert json.loads(schema.metadata[b"huggingface"])["info"]["features"] == {"photo": {"_type": "Image"}}
    rows = pq.read_table(tmp_path / "t.parquet")["photo"].to_pylist()
    assert rows == [{"bytes": saved(drawn()), "path": None}, None] * 2
    mm.read({"x": [1.5, 2.5]}).write(tmp_path / "plain.parquet")
    assert b"huggingface" not in pq.read_schema(tmp_path / "plain.parquet").metadata


def test_parquet_of_hugging_face_datasets_is_read(tmp_path):
    features = {"img": {"_type": "Image"}, "label": {"names": ["no", "yes"], "_type": "ClassLabel"}}
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    content = [saved(drawn(seed=i)) for i in range(30)]
    cell = [{"bytes": one, "path": None} for one in content]
    table = pa.table({"img": cell, "label": [i % 2 for i in range(30)]}).replace_schema_metadata(metadata)
    pq.write_table(table, tmp_path / "t.parquet")
    data = mm.read(tmp_path / "t.parquet", target="label")
    assert [(c.name, c.kind) for c in data.schema] == [("img", "image"), ("label", "category")]
    assert data.table["img"].to_pylist() == content


def test_file_names_of_hugging_face_datasets_stand_beside_the_pictures():
    cell = [{"bytes": saved(drawn()), "path": "a.png"}, {"bytes": None, "path": None}, None]
    table = pa.table({"image": cell, "x": [1, 2, 3]})
    data = mm.read(table)
    assert data.names == ["image", "file", "x"]
    assert data.table["file"].to_pylist() == ["a.png", None, None]
    assert data.table["image"].to_pylist() == [saved(drawn()), None, None]
    assert mm.read(table.rename_columns(["image", "file"])).names == ["image", "image_file", "file"]
    only = pa.table({"image": [cell[0], {"bytes": None, "path": "/etc/passwd"}]})
    with pytest.raises(InputError, match="'image', row 2 of 2: the name of a file"):
        mm.read(only)
    with pytest.raises(InputError, match="nested"):
        mm.read(pa.table({"image": [{"bytes": b"x", "path": "a", "more": 1}]}))


@pytest.mark.parametrize(
    "metadata", [b"", b"[]", b"{", b'{"info": null}', b'{"info": {"features": {"x": 3}}}']
)
def test_odd_metadata_of_other_tools_are_passed_over(tmp_path, metadata):
    table = pa.table({"x": [1.5, 2.5]}).replace_schema_metadata({b"huggingface": metadata})
    pq.write_table(table, tmp_path / "t.parquet")
    assert mm.read(tmp_path / "t.parquet").schema["x"].kind == "number"


def test_some_values_and_not_all_say_what_a_column_is():
    picture, sound = saved(drawn()), b"RIFF\x24\0\0\0WAVEfmt \xff"
    read = lambda *content: mm.read({"x": cells(*content)}).schema["x"].kind  # noqa: E731
    assert read(None, picture, None, picture) == "image"
    assert read(picture, b"\xff\xfe\0") == "array"
    assert read(sound, sound) == "audio"
    assert read(b"RIFF\x24\0\0\0WEBPVP8 \xff") == "image"


def test_a_photograph_may_have_more_bytes_than_a_text():
    cell = saved(drawn(700, 700), compress_level=0)
    assert len(cell) > 1_000_000
    assert mm.read({"image": cells(cell)}).schema["image"].kind == "image"


def test_frames_keep_the_bytes_and_text_files_refuse_them(classes, tmp_path):
    data = mm.read(classes)
    expected = data.table["image"].to_pylist()
    assert data.to_pandas()["image"].tolist() == expected
    assert data.to_polars()["image"].to_list() == expected
    assert data.to_numpy()["image"].tolist() == expected
    assert mm.read(data.to_pandas()).table["image"].to_pylist() == expected
    assert mm.read(data.to_polars()).table["image"].to_pylist() == expected
    for ending in ("csv", "jsonl"):
        with pytest.raises(OutputError, match="columns of bytes"):
            data.write(tmp_path / f"t.{ending}")


def labelled(rows, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (rows, 4, 4), np.uint8)
    return mm.read({"image": x, "label": rng.choice(["a", "b"], rows)}, target="label")


def test_pictures_are_split_with_their_labels():
    data = labelled(100, 0)
    train, holdout = data.split(0.2, seed=1)
    assert (len(train), len(holdout)) == (80, 20)
    both = sorted(train.table["image"].to_pylist() + holdout.table["image"].to_pylist())
    assert both == sorted(data.table["image"].to_pylist())


def test_the_profile_shows_sizes_and_channels():
    mixed = [saved(drawn(6, 8)), saved(drawn(9, 2, 1)), None]
    record = profile(mm.read({"image": cells(*mixed)}))[0]
    assert record["sizes"] == [[6, 2], [9, 8]]
    assert record["channels"] == [1, 3]
    assert record["distinct"] == 2
    torn = profile(mm.read({"image": cells(saved(drawn()), png(100_000, 100_000))}))[0]
    assert "row 2 of 2" in torn["warnings"][-1]


def test_what_makes_no_pictures_says_so():
    data = labelled(60, 0)
    with pytest.raises(InputError, match="column 'image' is image, which independent cannot make"):
        mm.synthesizer("independent").fit(data, seed=0)


def test_copied_pictures_are_found_by_their_bytes():
    train, holdout, fresh = (labelled(60, seed) for seed in range(3))
    stolen = mm.Dataset(fresh.table.set_column(0, "image", train.table["image"]), fresh.schema)
    found = [
        mm.assess(train=train, holdout=holdout, synthetic=made, metrics=["unique_values"], seed=0)
        for made in (fresh, stolen)
    ]
    assert [one["unique_values"].estimate for one in found] == [0, 1]


def test_pictures_are_told_apart_where_values_are_counted_as_text():
    one, other = saved(drawn()), saved(drawn(seed=1))
    texts = as_texts(pa.chunked_array([cells(one, None), cells(other, one)])).to_pylist()
    assert texts[0] == texts[2] != texts[1]


# --- real pictures


@pytest.mark.skipif(not SHARED.is_dir(), reason="shared data is not here")
@pytest.mark.parametrize(
    ("file", "split", "counts", "mean"),
    [
        ("mnist/mnist.npz", "test", [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009], 0.1325),
        ("pneumoniamnist_balanced/pneumoniamnist_balanced.npz", "val", [135, 135], None),
        ("pneumoniamnist_balanced/pneumoniamnist_balanced.npz", "test", [234, 234], None),
    ],
)
def test_real_arrays_are_read_right(file, split, counts, mean):
    data = mm.read(SHARED / file, split=split, target="label")
    assert data.schema["label"].kind == "category"
    assert np.bincount(data.table["label"].to_numpy()).tolist() == counts
    some = pixels(data.table["image"].slice(0, 200))
    with np.load(SHARED / file) as held:
        np.testing.assert_array_equal(some[..., 0], held[f"{split}_images"][:200])
        if mean is not None:
            assert held[f"{split}_images"].mean() / 255 == pytest.approx(mean, abs=1e-4)


@pytest.mark.skipif(not SHARED.is_dir(), reason="shared data is not here")
def test_real_photographs_are_read_right():
    data = mm.read(SHARED / "grocery_products/val", target="label")
    index = mm.read(SHARED / "grocery_products/index.parquet").table.to_pandas()
    of = index[index["split"] == "val"].sort_values("file")
    assert data.table["label"].to_pylist() == of["class"].tolist()
    assert sizes(data.table["image"])[:, :2].tolist() == of[["height", "width"]].values.tolist()


# --- recipes and names of files


def test_the_first_recipe_of_classed_pictures_names_the_method_that_makes_some(classes, capsys, tmp_path):
    from mintmark.cli.main import main

    assert main(["init", str(classes), "--out", str(tmp_path / "recipe.yaml")]) == 0
    text = (tmp_path / "recipe.yaml").read_text()
    assert "  target: label\n" in text
    assert "  method: deepsmote " in text
    assert "  policy: augment " in text
    assert "  # rows: 1000                  # as many as the classes lack" in text
    assert not {"low:", "unique"} & set(text.replace("{", " ").split())  # nothing that a class cannot have
    assert Recipe.load(tmp_path / "recipe.yaml").release.key is None  # it runs as it is
    capsys.readouterr()
    assert main(["inspect", str(classes)]) == 0
    assert "no method makes it" not in capsys.readouterr().out


def test_no_recipe_is_written_for_pictures_without_classes(classes, capsys, tmp_path):
    from mintmark.cli.main import main

    assert main(["init", str(classes / "cat"), "--out", str(tmp_path / "recipe.yaml")]) == 2
    assert "Sort them into a folder for each class" in capsys.readouterr().err
    assert not (tmp_path / "recipe.yaml").exists()


@pytest.mark.parametrize(
    ("names", "share"),
    [
        (lambda k: f"img_{k:04d}.png", 0.0),  # numbers pictures
        (lambda k: f"{k}.jpg", 0.0),
        (lambda k: f"{'abc'[k % 3]}_{k}.png", 1.0),  # says more
        (lambda k: f"scan_{k * 7919 % 100_003}.png", 1.0),  # a number that somebody else gave
    ],
)
def test_names_of_files_that_number_pictures_identify_nobody(names, share):
    x = np.arange(40, dtype=np.uint8).reshape(40, 1, 1)
    data = mm.read({"image": x, "file": [names(k) for k in range(1, 41)]}, roles={"file": "key"})
    found = mm.assess(train=data, synthetic=data, metrics=["real_identifiers"])
    assert found["real_identifiers"].estimate == share
