"""One personal value for every row's person, kind by kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.data.known import held, in_one_form
from mintmark.data.personal import made_numbers
from mintmark.data.personal.forms import cased, spaced, written_phone
from mintmark.data.personal.kinds import country_of
from mintmark.data.personal.patterns import Numbers, Pattern, Texts, mixed, permuted
from mintmark.data.personal.phones import RESERVED, SPARE
from mintmark.data.personal.pools import folded, pool
from mintmark.data.schema import Column
from mintmark.errors import InputError

__all__ = ["NAMED", "TRIES", "Row", "Values", "tries_left"]

NAMED = frozenset({"name", "first_name", "last_name"})
TRIES = 8
_DOMAINS = np.array(["example.com", "example.org", "example.net"])  # RFC 2606
_POSTCODES = {
    "US": "#####", "GB": "@@# #@@", "DE": "#####", "FR": "#####", "ES": "#####", "IT": "#####",
    "NL": "#### @@",
    "PL": "##-###", "PT": "####-###", "BR": "#####-###", "SE": "### ##", "CA": "@#@ #@#", "AU": "####",
    "IE": "@## @###", "AT": "####", "CH": "####",
}  # fmt: skip
_FIRST_DIGIT = {
    "FR": "01234567",
    "ES": "01234",
    "US": "0123456789",
    "NL": "123456789",
    "AT": "123456789",
    "CH": "123456789",
}
_NUMBER_FIRST = {"US", "GB", "CA", "AU", "IE", "FR"}
_STATE_CODES = (
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH "
    "NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY"
)
_STATES = np.array(_STATE_CODES.split())


@dataclass(frozen=True)
class Row:
    """Persons of some rows: their numbers, whether female, the key of the seed, and which try it is."""

    person: Numbers
    female: npt.NDArray[np.bool_]
    key: int
    turn: int = 0

    def some(self, at: npt.NDArray[np.int64], later: int) -> Row:
        """These rows only, some tries later."""
        return Row(self.person[at], self.female[at], self.key, self.turn + later)


def tries_left(row: Row) -> int:
    """How many values a person can have in turn."""
    return TRIES - row.turn


@dataclass(frozen=True)
class _Names:
    first: Texts
    last: Texts
    box: Texts  # both, as a mailbox is named


@dataclass
class Values:
    """What makes the texts of personal columns, keeping what several columns of a row share."""

    columns: Mapping[str, Column]
    learnt: Mapping[str, Any]
    known: Mapping[str, npt.NDArray[np.uint64]]
    most: int | None = None  # persons there are; None for one in every row
    _kept: dict[Any, Any] = field(default_factory=dict)

    def texts(self, column: Column, row: Row) -> Texts:
        """One text a row, as the column writes its values."""
        form = self.learnt[column.name]["form"]
        made: Texts = getattr(self, f"_{column.personal}")(column, row, form)
        return cased(made, form.get("case"))

    # -- names -------------------------------------------------------------------------------

    def _name(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        names = self._names(column, row)
        pair = (names.last, ", ", names.first) if form.get("comma") else (names.first, " ", names.last)
        return _join(*pair)

    def _first_name(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        return self._names(column, row).first

    def _last_name(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        return self._names(column, row).last

    def _email(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        key = self._key(column, row)
        box = self._names(column, replace(row, turn=0)).box
        sign = np.array([".", "_", "-"])[
            (mixed(row.person, key + 10 * row.turn) % np.uint64(3)).astype(np.int64)
        ]
        box = np.strings.add(
            np.strings.add(np.strings.partition(box, " ")[0], sign), np.strings.partition(box, " ")[2]
        )
        if row.turn:
            box = np.strings.add(box, str(row.turn + 1))
        return _join(
            box, "@", _DOMAINS[(mixed(row.person, key + 10 * row.turn + 1) % np.uint64(3)).astype(np.int64)]
        )

    def _names(self, column: Column, row: Row) -> _Names:
        """First and last names of these persons; the columns of one slot (customer, partner) share them."""
        slot = self._slot(column)
        mark = ("names", slot, row.turn, row.person.tobytes(), row.female.tobytes())
        if mark not in self._kept:
            self._kept[mark] = self._drawn_names(slot, column.locale or "en_US", row)
        return self._kept[mark]  # type: ignore[no-any-return]  # the kept value of another call

    def _slot(self, column: Column) -> int:
        """The how-manieth column of its kind it is: second e-mails go with second names."""
        alike = [name for name, other in self.columns.items() if other.personal == column.personal]
        return alike.index(column.name)

    def _of_slot(self, kind: str, slot: int) -> Column | None:
        alike = [column for column in self.columns.values() if column.personal == kind]
        return alike[slot] if slot < len(alike) else None

    def _drawn_names(self, slot: int, locale: str, row: Row) -> _Names:
        first, last, both = (self._of_slot(kind, slot) for kind in ("first_name", "last_name", "name"))
        shown = first or last or both
        words = pool((shown.locale if shown else None) or locale)
        female, male, family = (
            self._apart(words.female, first), self._apart(words.male, first), self._apart(words.family, last)
        )  # fmt: skip
        two = any(one and self.learnt[one.name]["form"].get("two") for one in (last, both))
        out_first, out_last, box = (np.zeros(len(row.person), dtype="U80") for _ in range(3))
        for given, at in ((female, np.flatnonzero(row.female)), (male, np.flatnonzero(~row.female))):
            person, turn = row.person[at], row.turn
            pending = np.arange(len(at))
            while len(pending):
                drawn = self._pairs(given, family, person[pending], row.key + slot, turn, two, first, last)
                out_first[at[pending]], out_last[at[pending]], box[at[pending]] = drawn
                pending = pending[self._met(drawn, first, last, both)]
                turn += 1
                if turn > TRIES and len(pending):
                    raise InputError(
                        f"column {shown.name if shown else 'e-mail'!r}: {len(pending):,} made names equal "
                        "real ones after every try. Drop the column, or declare another locale."
                    )
        return _Names(out_first, out_last, box)

    def _apart(self, words: Texts, column: Column | None) -> Texts:
        """The words less those that the real column holds; two joined where few are left."""
        if column is None:
            return words
        mark = ("apart", column.name, words.tobytes()[:256], len(words))
        if mark not in self._kept:
            self._kept[mark] = self._composed(words, column)
        return self._kept[mark]  # type: ignore[no-any-return]  # the kept value of another call

    def _composed(self, words: Texts, column: Column) -> Texts:
        known, many = self.known[column.name], self.learnt[column.name]["distinct"]
        left = words[~held(known, _plain(words, column))]
        wanted = 200 if many is None else many // 2 + 1 if column.personal == "first_name" else many
        if many is not None and len(left) >= wanted:
            return left[: max(2, wanted)]
        short = words[np.strings.str_len(words) <= 9][:60]
        if len(left) < wanted // 2 and len(short) > 1:
            first, second = np.divmod(np.arange(len(short) ** 2), len(short))
            pairs = _join(short[first], "-", short[second])[first != second]
            pairs = pairs[~held(known, _plain(pairs, column))]
            order = permuted(np.arange(len(pairs), dtype=np.uint64), len(pairs), 0).astype(np.int64)
            left = np.concatenate([left, pairs[order][: min(wanted, 3_000) - len(left)]])
        if not len(left):
            raise InputError(
                f"column {column.name!r}: every name of locale {column.locale} occurs in the data. "
                "Declare another locale, or drop the column."
            )
        return left

    def _pairs(
        self, given: Texts, family: Texts, person: Numbers, key: int, turn: int, two: bool,
        first: Column | None, last: Column | None,
    ) -> tuple[Texts, Texts, Texts]:  # fmt: skip
        """Given and family names, distinct for distinct persons, and both folded for a mailbox."""
        many, heads = len(given) * len(family), len(given)
        level = person // np.uint64(many)
        pair = permuted(person % np.uint64(many), many, key)
        i, j = (pair % np.uint64(heads)).astype(np.int64), (pair // np.uint64(heads)).astype(np.int64)
        if last and self.learnt[last.name]["distinct"] is None:
            level = person // np.uint64(len(family))
            j = permuted(person % np.uint64(len(family)), len(family), key + 1).astype(np.int64)
        if first and self.learnt[first.name]["distinct"] is None:
            deep = person // np.uint64(heads)
            i = permuted(person % np.uint64(heads), heads, key + 2).astype(np.int64)
        else:
            deep = np.zeros(len(person), dtype=np.uint64)
        folds_g, folds_f = self._folds(given), self._folds(family)
        names, box = given[i], folds_g[i]
        names, box = _doubled(names, box, deep, given, folds_g, "-")
        tail, end = family[j], folds_f[j]
        if two:
            k = (mixed(person, key + 3) % np.uint64(len(family))).astype(np.int64)
            tail, end = _join(tail, " ", family[k]), np.strings.add(end, folds_f[k])
        tail, end = _doubled(tail, end, level, family, folds_f, "-")
        tail, end = _doubled(
            tail, end, np.full(len(person), turn, dtype=np.uint64), family[::-1], folds_f[::-1], "-"
        )
        return names, tail, _join(box, " ", end)

    def _folds(self, words: Texts) -> Texts:
        mark = ("folds", len(words), words.tobytes()[:256])
        if mark not in self._kept:
            self._kept[mark] = np.array([folded(word) for word in words.tolist()])
        return self._kept[mark]  # type: ignore[no-any-return]  # the kept value of another call

    def _met(
        self,
        drawn: tuple[Texts, Texts, Texts],
        first: Column | None,
        last: Column | None,
        both: Column | None,
    ) -> npt.NDArray[np.bool_]:
        """Which names are real ones, in any of the columns that show them."""
        met = np.zeros(len(drawn[0]), dtype=bool)
        for column, texts in ((first, drawn[0]), (last, drawn[1]), (both, None)):
            if column is None:
                continue
            if texts is None:
                met |= held(self.known[column.name], _plain(_join(drawn[0], "", drawn[1]), column))
                texts = _join(drawn[1], "", drawn[0])
            met |= held(self.known[column.name], _plain(texts, column))
        return met

    # -- places ------------------------------------------------------------------------------

    def _street(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        words = pool(column.locale or "en_US").streets
        index = self._index(column, row)
        size = len(words) * 199
        number = (
            permuted(index % np.uint64(size), size, self._key(column, row)) // np.uint64(len(words))
        ).astype(np.int64)
        street = (
            permuted(index % np.uint64(size), size, self._key(column, row)) % np.uint64(len(words))
        ).astype(np.int64)
        number = number + 1 + 199 * ((index // np.uint64(size)).astype(np.int64) * TRIES + row.turn)
        house, country = number.astype("U12"), country_of(column.locale)
        if country in _NUMBER_FIRST:
            return _join(house, " ", words[street])
        return _join(words[street], ", " if country in ("ES", "IT", "PT", "BR") else " ", house)

    def _address(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        between, country = "\n" if form.get("lines") else ", ", country_of(column.locale)
        street = self._street(column, row, form)
        city, code = self._beside("city", column, row), self._beside("postcode", column, row)
        if country == "US":
            state = _STATES[
                (mixed(row.person, self._key(column, row)) % np.uint64(len(_STATES))).astype(np.int64)
            ]
            return _join(_join(street, between, city), ", ", _join(state, " ", code))
        if country in ("GB", "CA", "AU", "IE"):
            return _join(_join(street, between, city), between, code)
        return _join(street, between, _join(code, " ", city))

    def _beside(self, kind: str, column: Column, row: Row) -> Texts:
        """The row's own city or postcode where the table has that column, else one made for the address."""
        own = self._of_slot(kind, self._slot(column))
        if own is not None:
            return self.texts(own, row)
        made: Texts = getattr(self, f"_{kind}")(column, row, {})
        return made

    def _city(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        words = pool(column.locale or "en_US").cities
        if column.personal == "city":
            words = self._apart(words, column)
        index = self._index(column, row)
        place = permuted(index % np.uint64(len(words)), len(words), self._key(column, row)).astype(np.int64)
        level = index // np.uint64(len(words)) * np.uint64(TRIES) + np.uint64(row.turn)
        return _doubled(words[place], words[place], level, words, words, "-")[0]

    def _postcode(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        country = country_of(column.locale)
        pattern = Pattern.of(_POSTCODES[country])
        if country in _FIRST_DIGIT:
            pattern = Pattern((_FIRST_DIGIT[country], *pattern.places[1:]))
        shape = form.get("shape", "")
        if shape and shape != "".join(c for c in _POSTCODES[country] if c in "#@"):
            pattern = Pattern.of(shape)
            return spaced(
                self._spread(column, row, made_numbers.Maker(pattern.size, pattern.texts)), form["signs"]
            )
        return self._spread(column, row, made_numbers.Maker(pattern.size, pattern.texts), wraps=True)

    # -- numbers -----------------------------------------------------------------------------

    def _phone(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        country = country_of(column.locale)
        index, key = self._index(column, row), self._key(column, row)
        kept = self._reserved(column, country)
        national = np.zeros(len(index), dtype="U20")
        inside = (index < np.uint64(len(kept))) & (row.turn == 0)
        if inside.any():
            national[inside] = kept[permuted(index[inside], len(kept), key).astype(np.int64)]
        if not inside.all():
            texts = [Pattern.of(text) for text in SPARE[country]]
            sizes = np.array([pattern.size for pattern in texts], dtype=np.uint64)
            ends = np.cumsum(sizes)
            place = self._place(column, row, index, int(ends[-1]))[~inside]
            which = np.searchsorted(ends, place, side="right")
            made = np.zeros(len(place), dtype="U20")
            for at in np.unique(which):
                mine = which == at
                made[mine] = texts[at].texts(place[mine] - (ends[at] - sizes[at]))
            national[~inside] = made
        return self._styled(national, column, row, form)

    def _styled(self, national: Texts, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        styles = form["styles"]
        shares = np.cumsum([style[3] for style in styles])
        chance = mixed(row.person, self._key(column, row) + 7) % np.uint64(int(shares[-1]))
        chosen = np.searchsorted(shares, chance, side="right")
        out = np.zeros(len(national), dtype="U40")
        for at in np.unique(chosen):
            out[chosen == at] = written_phone(national[chosen == at], country_of(column.locale), styles[at])
        return out

    def _reserved(self, column: Column, country: str) -> Texts:
        """Every number of the ranges kept for fiction that the real column does not hold."""
        mark = ("reserved", column.name)
        if mark not in self._kept:
            every = [Pattern.of(text) for text in RESERVED.get(country, ())]
            texts = np.concatenate(
                [
                    np.zeros(0, dtype="U20"),
                    *(p.texts(np.arange(p.size, dtype=np.uint64)).astype("U20") for p in every),
                ]
            )
            self._kept[mark] = texts[~held(self.known[column.name], _plain(texts, column))]
        return self._kept[mark]  # type: ignore[no-any-return]  # the kept value of another call

    def _card(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        length = len(form["shape"])
        maker = made_numbers.card(length if 13 <= length <= 19 else 16)
        return spaced(self._spread(column, row, maker), form["signs"])

    def _iban(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        heads = form["countries"] or [[country_of(column.locale), 1]]
        shares = np.cumsum([share for _, share in heads])
        chance = mixed(row.person, self._key(column, row) + 7) % np.uint64(int(shares[-1]))
        chosen = np.searchsorted(shares, chance, side="right")
        out = np.zeros(len(row.person), dtype="U48")
        for at in np.unique(chosen):
            mine = np.flatnonzero(chosen == at)
            made = self._spread(column, row.some(mine, 0), made_numbers.iban(heads[at][0]))
            out[mine] = _in_fours(made) if form["signs"] else made
        return out

    def _national_id(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        country, shape = form.get("country"), form["shape"]
        maker = made_numbers.national(country) if country else None
        if country == "DE" and len(shape) == 12:
            maker = made_numbers.german_social()
        if maker is None:
            pattern = Pattern.of(shape if len(shape) <= 18 else shape[:18])
            maker = made_numbers.Maker(pattern.size, pattern.texts)
        made = self._spread(column, row, maker)
        return spaced(made, form["signs"]) if len(made) and len(made[0]) >= len(shape) - 1 else made

    def _spread(self, column: Column, row: Row, maker: made_numbers.Maker, *, wraps: bool = False) -> Texts:
        """Texts of a maker, distinct for distinct persons, from the part of its numbers for this try."""
        index = self._index(column, row)
        if wraps:
            index = index % np.uint64(max(1, maker.size // TRIES))
        return maker.texts(self._place(column, row, index, maker.size))

    def _place(self, column: Column, row: Row, index: Numbers, size: int) -> Numbers:
        part = max(1, size // TRIES)
        if len(index) and int(index.max()) >= part:
            raise InputError(
                f"column {column.name!r}: only {part:,} different {column.personal} values can be made for "
                f"{column.locale}, fewer than the rows asked for. Ask for fewer rows, or drop the column."
            )
        return np.uint64(part * row.turn) + permuted(index, part, self._key(column, row))

    def _index(self, column: Column, row: Row) -> Numbers:
        """The person's number, or of the value that it shares with others."""
        many = self.learnt[column.name]["distinct"]
        if many is None or many == self.most:
            return row.person
        return mixed(row.person, self._key(column, row) + 11) % np.uint64(many)

    def _key(self, column: Column, row: Row) -> int:
        return (row.key + 1_000 * (1 + list(self.columns).index(column.name))) % 2**63


def _join(left: Texts, between: str, right: Texts) -> Texts:
    return np.strings.add(np.strings.add(left, between), right)


def _plain(texts: Texts, column: Column) -> list[str]:
    return in_one_form(pa.array(texts, pa.string()), column.personal)


def _in_fours(texts: Texts) -> Texts:
    """Groups of four, as IBANs are printed."""
    return np.array([" ".join(text[at : at + 4] for at in range(0, len(text), 4)) for text in texts.tolist()])


def _doubled(
    words: Texts, folds: Texts, level: Numbers, pool_: Texts, pool_folds: Texts, sign: str
) -> tuple[Texts, Texts]:
    """Words of level 1 and up with the level-th word of the pool joined on, so that levels differ."""
    deep = np.flatnonzero(level)
    if not len(deep):
        return words, folds
    at = (level[deep].astype(np.int64) - 1) % len(pool_)
    words, folds = (
        words.astype(f"U{words.dtype.itemsize // 4 + 40}"),
        folds.astype(f"U{folds.dtype.itemsize // 4 + 40}"),
    )
    words[deep] = _join(words[deep], sign, pool_[at])
    folds[deep] = np.strings.add(folds[deep], pool_folds[at])
    return words, folds
