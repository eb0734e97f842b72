"""One personal value for every row's person, kind by kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from mintmark.data.personal.pools import KIN, PARTS, folded, names_of, places
from mintmark.data.schema import Column
from mintmark.errors import InputError

__all__ = ["TRIES", "Row", "Values"]

NAMED = frozenset({"name", "first_name", "last_name"})
TRIES = 8
_DOMAINS = np.array(["example.com", "example.org", "example.net"])  # RFC 2606
_FEW = 40
"""Names fewer than which are no list to draw from."""
_NUMBER_FIRST = {"US", "GB", "CA", "AU", "IE", "FR"}
_STATE_CODES = (
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH "
    "NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY"
)
_STATES = np.array(_STATE_CODES.split())


@dataclass(frozen=True)
class Row:
    """Some rows: their numbers, whether female, the texts of modelled columns, the key of the seed,
    how often a rule made them anew, and which try at a value it is.
    """

    number: Numbers
    female: npt.NDArray[np.bool_]
    shown: Mapping[str, Texts]
    key: int
    again: int = 0
    turn: int = 0

    def some(self, at: npt.NDArray[np.int64], later: int) -> Row:
        """These rows only, some tries later."""
        texts = {name: text[at] for name, text in self.shown.items()}
        return replace(
            self, number=self.number[at], female=self.female[at], shown=texts, turn=self.turn + later
        )

    @property
    def tried(self) -> int:
        """How many values these rows had before, for whatever reason."""
        return self.again + self.turn


@dataclass(frozen=True)
class _Names:
    first: Texts
    last: Texts
    box: Texts  # both folded as a mailbox is named, a blank between
    more: Numbers  # what tells apart boxes that would be the same, 0 for nothing


@dataclass(frozen=True)
class _Words:
    """Words for names: those drawn from, and those kept for later tries, the short ones first."""

    main: Texts
    spare: Texts

    def at(self, turn: int) -> tuple[Texts, int]:
        """The words of a try, and which of them to join a second one to where none were kept."""
        part = self.spare[turn - 1 :: TRIES] if turn else self.main
        return (part, 0) if len(part) else (self.main, turn)


@dataclass
class Values:
    """What makes the texts of personal columns, keeping what several columns of a row share."""

    columns: Mapping[str, Column]
    learnt: Mapping[str, Any]
    known: Mapping[str, npt.NDArray[np.uint64]]
    people: Mapping[str, Any]
    by_sex: bool = False  # a column of the table says who is female
    _kept: dict[Any, Any] = field(default_factory=dict)

    def unlike(self, column: Column, row: Row) -> Texts:
        """The column's texts, none of them a real one."""
        mark = ("unlike", column.name, row.again, row.number.tobytes())
        if mark not in self._kept:
            self._kept[mark] = self._unlike(column, row)
        return self._kept[mark]  # type: ignore[no-any-return]  # the kept value of another call

    def _unlike(self, column: Column, row: Row) -> Texts:
        texts = self._texts(column, row)
        if column.personal in NAMED:
            return texts  # names are held apart from the real ones together, before they are written
        bad = self._real(texts, column)
        for turn in range(1, TRIES - row.again):
            if not len(bad):
                return texts
            fresh = self._texts(column, row.some(bad, turn))
            texts = texts.astype(f"U{max(texts.dtype.itemsize, fresh.dtype.itemsize) // 4}")
            texts[bad] = fresh
            bad = bad[self._real(fresh, column)]
        if len(bad):
            raise InputError(
                f"column {column.name!r}: {len(bad):,} made {column.personal} values equal real ones after "
                "every try. Drop the column, or declare another locale."
            )
        return texts

    def _real(self, texts: Texts, column: Column) -> npt.NDArray[np.int64]:
        return np.flatnonzero(held(self.known[column.name], _plain(texts, column)))

    def _texts(self, column: Column, row: Row) -> Texts:
        """One text a row, as the column writes its values."""
        form = self.learnt[column.name]["form"]
        made: Texts = getattr(self, f"_{column.personal}")(column, row, form)
        return cased(made, form.get("case"))

    # -- names -------------------------------------------------------------------------------

    def _name(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        names = self._names(self._label(column), column, row)
        pair = (names.last, ", ", names.first) if form.get("comma") else (names.first, " ", names.last)
        return _join(*pair)

    def _first_name(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        return self._names(self._label(column), column, row).first

    def _last_name(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        return self._names(self._label(column), column, row).last

    def _email(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        key, label = self._key(column, row), self._label(column)
        names = self._names(label, column, replace(row, turn=0))
        person = self._index(column, row)
        signs = form.get("signs") or [[".", 1], ["_", 1], ["-", 1]]
        sign = _drawn(person, key + 10 * row.tried, signs)
        head, _, tail = np.strings.partition(names.box, " ")
        box = np.strings.add(np.strings.add(head, sign), tail)
        more = names.more * np.uint64(TRIES) + np.uint64(row.turn)
        if self.people[label]["names"] is not None:
            more = (person + np.uint64(1)) * np.uint64(TRIES) + np.uint64(row.turn)  # namesakes
        box = np.strings.add(box, np.where(more > 0, (more + np.uint64(1)).astype("U20"), ""))
        host = _DOMAINS[(mixed(person, key + 10 * row.tried + 1) % np.uint64(3)).astype(np.int64)]
        address = _join(box, "@", host)
        if form.get("display"):
            return _join(_join(names.first, " ", names.last), " <", np.strings.add(address, ">"))
        return address

    def _label(self, column: Column) -> str:
        return str(self.learnt[column.name]["label"])

    def _names(self, label: str, column: Column, row: Row) -> _Names:
        """First and last names of one label's persons; all its columns share them."""
        mark = ("names", label, row.again, row.number.tobytes())
        if mark not in self._kept:
            self._kept[mark] = self._drawn_names(label, column, row)
        return self._kept[mark]  # type: ignore[no-any-return]  # the kept value of another call

    def _of(self, kind: str, label: str) -> Column | None:
        alike = (c for c in self.columns.values() if c.personal == kind and self._label(c) == label)
        return next(alike, None)

    def _drawn_names(self, label: str, column: Column, row: Row) -> _Names:
        first, last, both = (self._of(kind, label) for kind in ("first_name", "last_name", "name"))
        shown = first or last or both or column
        locale, key = shown.locale or "en_US", row.key + 977 * list(self.people).index(label)
        words = {part: self._apart(locale, part, last if part == "family" else first) for part in PARTS}
        two = any(one and self.learnt[one.name]["form"].get("two") for one in (last, both))
        shared = self.people[label]["names"] is not None
        person, female = self._numbered(label, row, key)
        out_first, out_last, box = (np.zeros(len(person), dtype="U80") for _ in range(3))
        more = np.zeros(len(person), dtype=np.uint64)
        main = self._names("", column, row) if label and self._has_names("") else None
        for given, at in (("female", np.flatnonzero(female)), ("male", np.flatnonzero(~female))):
            pending, turn = at, row.again
            while len(pending):
                drawn = self._pairs(
                    words[given], words["family"], person[pending], key, turn, two, shared, first, last
                )
                out_first[pending], out_last[pending], box[pending], more[pending] = drawn
                met = self._met(drawn, first, last)
                if main is not None:
                    met |= (drawn[0] == main.first[pending]) & (drawn[1] == main.last[pending])
                pending, turn = pending[met], turn + 1
                if turn > 2 * TRIES and len(pending):
                    raise InputError(
                        f"column {shown.name!r}: {len(pending):,} made names equal real ones after every "
                        "try. Drop the column, or declare another locale."
                    )
        return _Names(out_first, out_last, box, more)

    def _has_names(self, label: str) -> bool:
        return any(self._of(kind, label) for kind in NAMED)

    def _apart(self, locale: str, part: str, column: Column | None) -> _Words:
        """The locale's words less those that the real column holds."""
        mark = ("apart", locale, part, column.name if column else None)
        if mark not in self._kept:
            self._kept[mark] = self._chosen(locale, part, column)
        return self._kept[mark]  # type: ignore[no-any-return]  # the kept value of another call

    def _chosen(self, locale: str, part: str, column: Column | None) -> _Words:
        words: Texts = getattr(names_of(locale), part)
        if column is None:
            return _with_spare(words, len(words))
        known, many = self.known[column.name], self.learnt[column.name]["distinct"]
        left = words[~held(known, _plain(words, column))]
        wanted = len(words) if many is None else many // 2 + 1 if part != "family" else many
        if len(left) < wanted:  # many words of the locale are real ones
            left = np.concatenate([left, self._kin(locale, part, column, left)])
        if len(left) < min(wanted, _FEW):
            left = np.concatenate([left, self._joined(words, column, min(wanted, 3_000) - len(left))])
        if not len(left):
            raise InputError(
                f"column {column.name!r}: every name of locale {column.locale} occurs in the data. "
                "Declare another locale, or drop the column."
            )
        return _with_spare(left, max(2, wanted))

    def _kin(self, locale: str, part: str, column: Column, left: Texts) -> Texts:
        """Words of other countries of the language that are no real ones."""
        others = [getattr(names_of(one), part) for one in KIN.get(locale[:2], ()) if one != locale]
        words = {folded(word): word for words in others for word in words.tolist()}
        mine = set(map(folded, left.tolist()))
        fresh = np.array([word for fold, word in words.items() if fold not in mine], dtype=np.str_)
        return np.asarray(fresh[~held(self.known[column.name], _plain(fresh, column))])

    def _joined(self, words: Texts, column: Column, n: int) -> Texts:
        short = words[np.strings.str_len(words) <= 9][:60]
        first, second = np.divmod(np.arange(len(short) ** 2), max(1, len(short)))
        pairs = _join(short[first], "-", short[second])[first != second]
        pairs = pairs[~held(self.known[column.name], _plain(pairs, column))]
        order = permuted(np.arange(len(pairs), dtype=np.uint64), len(pairs), 0).astype(np.int64)
        return np.asarray(pairs[order][:n])

    def _pairs(
        self, given: _Words, family: _Words, person: Numbers, key: int, turn: int, two: bool,
        shared: bool, first: Column | None, last: Column | None,
    ) -> tuple[Texts, Texts, Texts, Numbers]:  # fmt: skip
        """Given and family names, distinct for distinct persons, and both folded for a mailbox.

        Where some persons are namesakes anyway (`shared`), sooner one more than a double name.
        Later tries have family names of their own, so they meet no earlier ones.
        """
        apart = first is not None and self.learnt[first.name]["distinct"] is None
        (heads, again_g), (tails, again_f) = given.at(turn if apart else 0), family.at(turn)
        many = np.uint64(len(heads) * len(tails))
        deep = np.zeros(len(person), dtype=np.uint64)
        level = deep if shared else person // many
        pair = permuted(person % many, int(many), key + turn)
        i = (pair % np.uint64(len(heads))).astype(np.int64)
        j = (pair // np.uint64(len(heads))).astype(np.int64)
        if last is not None and self.learnt[last.name]["distinct"] is None:
            level, rest = np.divmod(person, np.uint64(len(tails)))
            j = permuted(rest, len(tails), key + turn + 1).astype(np.int64)
        if apart:
            deep, rest = np.divmod(person, np.uint64(len(heads)))
            i = permuted(rest, len(heads), key + turn + 2).astype(np.int64)
        folds_g, folds_f = self._folds(heads), self._folds(tails)
        names, box = _doubled(heads[i], folds_g[i], deep, heads, folds_g, "-")
        names, box = _doubled(names, box, _same(again_g, person), heads[::-1], folds_g[::-1], "-")
        tail, end = tails[j], folds_f[j]
        if two:
            k = (mixed(person, key + 3) % np.uint64(len(tails))).astype(np.int64)
            tail, end = _join(tail, " ", tails[k]), np.strings.add(end, folds_f[k])
        tail, end = _doubled(tail, end, level, tails, folds_f, "-")
        tail, end = _doubled(tail, end, _same(again_f, person), tails[::-1], folds_f[::-1], "-")
        return names, tail, _join(box, " ", end), np.maximum(level, deep)

    def _folds(self, words: Texts) -> Texts:
        mark = ("folds", words.tobytes())
        if mark not in self._kept:
            self._kept[mark] = np.array([folded(word) for word in words.tolist()])
        return self._kept[mark]  # type: ignore[no-any-return]  # the kept value of another call

    def _met(
        self, drawn: tuple[Texts, Texts, Texts, Numbers], first: Column | None, last: Column | None
    ) -> npt.NDArray[np.bool_]:
        """Which names are real ones, in any column of the table."""
        met = np.zeros(len(drawn[0]), dtype=bool)
        both = next((column for column in self.columns.values() if column.personal == "name"), None)
        orders = ((drawn[0], drawn[1]), (drawn[1], drawn[0])) if both is not None else ()
        whole = [(both, _join(one, "", other)) for one, other in orders]
        for column, texts in ((first, drawn[0]), (last, drawn[1]), *whole):
            if column is not None:
                met |= held(self.known[column.name], _plain(texts, column))
        return met

    def _numbered(self, label: str, row: Row, key: int) -> tuple[Numbers, npt.NDArray[np.bool_]]:
        """The number of the row's person, or of the names shared with others, among those of the sex."""
        person, known = self._person(label, "names", row), label == "" and self.by_sex
        names, persons = self.people[label]["names"], self.people[label]["persons"]
        if known:  # those of a sex are every second number (see `_person`)
            return person // np.uint64(1 if names is persons is None else 2), row.female
        if names is None:
            return person, (mixed(person, key ^ 0x5EC) & np.uint64(1)).astype(bool)
        person = permuted(person, names, key ^ 0x5EC)
        return person // np.uint64(2), (person & np.uint64(1)).astype(bool)

    def _person(self, label: str, which: str, row: Row) -> Numbers:
        """The number of the row's person, or of the names that it shares with others."""
        many = self.people[label][which]
        if which == "names":
            person = self._person(label, "persons", row)
            if many is None:
                return person
            whose = mixed(person, row.key + 5)
        elif many is None:
            return row.number
        else:
            whose = mixed(row.number, row.key ^ (0xACE + 8191 * list(self.people).index(label)))
        if self.by_sex and label == "" and many > 1:  # one person is not both
            half = np.uint64(max(1, many // 2))
            return (whose % half) * np.uint64(2) + row.female.astype(np.uint64)
        return whose % np.uint64(many)

    # -- places ------------------------------------------------------------------------------

    def _street(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        words = places(column.locale or "en_US").streets
        size = np.uint64(len(words) * 199)
        level, index = np.divmod(self._index(column, row), size)
        place = permuted(index, int(size), self._key(column, row)).astype(np.int64)
        number, street = np.divmod(place, len(words))
        number = number + 1 + 199 * (level.astype(np.int64) * TRIES + row.tried)
        house, country = number.astype("U12"), country_of(column.locale)
        if country in _NUMBER_FIRST:
            return _join(house, " ", words[street])
        return _join(words[street], ", " if country in ("ES", "IT", "PT", "BR") else " ", house)

    def _address(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        between, country = "\n" if form.get("lines") else ", ", country_of(column.locale)
        street = self._part("street", column, row) if not row.turn else self._street(column, row, {})
        city, code = self._part("city", column, row), self._part("postcode", column, row)
        if country == "US":
            state = self._part("state", column, row)
            return _join(_join(street, between, city), ", ", _join(state, " ", code))
        if country in ("GB", "CA", "AU", "IE"):
            return _join(_join(street, between, city), between, code)
        return _join(street, between, _join(code, " ", city))

    def _part(self, kind: str, column: Column, row: Row) -> Texts:
        """What the row's own column shows where the table has one, else one made for the address."""
        name = self.learnt[column.name]["form"].get("shown", {}).get(kind)
        if name in self.columns:
            return self.unlike(self.columns[name], replace(row, turn=0))
        made: Texts = getattr(self, f"_{kind}")(column, row, {})
        if name in row.shown:
            return np.where(row.shown[name] == "", made, row.shown[name])
        return made

    def _state(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        person = self._index(column, row)
        at = mixed(person, self._key(column, row)) % np.uint64(len(_STATES))
        return np.asarray(_STATES[at.astype(np.int64)])

    def _city(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        words = places(column.locale or "en_US").cities
        if column.personal == "city":
            left = words[~held(self.known[column.name], _plain(words, column))]
            words = left if len(left) >= _FEW else np.concatenate([left, self._joined(words, column, 3_000)])
        level, index = np.divmod(self._index(column, row), np.uint64(len(words)))
        place = permuted(index, len(words), self._key(column, row)).astype(np.int64)
        if self.learnt[column.name]["distinct"] is not None:
            level = level * np.uint64(0)  # some rows share theirs anyway: sooner one more than a double name
        level = level * np.uint64(TRIES) + np.uint64(row.tried)
        return _doubled(words[place], words[place], level, words, words, "-")[0]

    def _postcode(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        country, shape = country_of(column.locale), form.get("shape", "")
        usual = made_numbers.postcode(country)
        if country != "GB" and shape and shape != usual.shape:
            pattern = Pattern.of(shape)
            maker = made_numbers.Maker(pattern.size, pattern.texts)
            return spaced(self._spread(column, row, maker), form["signs"])
        texts = self._spread(column, row, usual.maker, wraps=True)
        return np.strings.replace(texts, " ", "") if form and not form["signs"] else texts

    # -- numbers -----------------------------------------------------------------------------

    def _phone(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        country = country_of(column.locale)
        index, key = self._index(column, row), self._key(column, row)
        kept = self._reserved(column, country)
        national = np.zeros(len(index), dtype="U20")
        inside = (index < np.uint64(len(kept))) & (row.tried == 0)
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
        chosen = _which(self._index(column, row), self._key(column, row) + 7, [style[3] for style in styles])
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
        chosen = _which(self._index(column, row), self._key(column, row) + 7, [share for _, share in heads])
        out = np.zeros(len(row.number), dtype="U48")
        for at in np.unique(chosen):
            mine = np.flatnonzero(chosen == at)
            made = self._spread(column, row.some(mine, 0), made_numbers.iban(heads[at][0]))
            out[mine] = _in_fours(made) if form["signs"] else made
        return out

    def _national_id(self, column: Column, row: Row, form: Mapping[str, Any]) -> Texts:
        country, shape = form.get("country"), form["shape"]
        maker = made_numbers.national(country, whole=bool(form.get("whole"))) if country else None
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
        # every try has numbers of its own, all over the whole range
        return permuted(index, part, self._key(column, row)) * np.uint64(TRIES) + np.uint64(row.tried)

    def _index(self, column: Column, row: Row) -> Numbers:
        """The number of the row's value: the person's, the row's own, or one that it shares with others."""
        told = self.learnt[column.name]
        many, label = told["distinct"], self._label(column)
        if many is None:
            return row.number
        persons = self.people[label]["persons"]
        whose = self._person(label, "persons", row) if told["follows"] else row.number
        if told["follows"] and persons is not None and many >= persons:
            return whose
        return mixed(whose, self._key(column, row) + 11) % np.uint64(many)

    def _key(self, column: Column, row: Row) -> int:
        return (row.key + 1_000 * (1 + list(self.columns).index(column.name))) % 2**63


def _same(value: int, like: Numbers) -> Numbers:
    return np.full(len(like), value, dtype=np.uint64)


def _which(index: Numbers, key: int, shares: Sequence[int]) -> npt.NDArray[np.int64]:
    """For each index one of so many choices, as often as their shares say."""
    ends = np.cumsum(shares)
    return np.searchsorted(ends, mixed(index, key) % np.uint64(int(ends[-1])), side="right")


def _drawn(index: Numbers, key: int, choices: Sequence[Sequence[Any]]) -> Texts:
    return np.array([str(one) for one, _ in choices])[_which(index, key, [share for _, share in choices])]


def _with_spare(words: Texts, wanted: int) -> _Words:
    """So many words to draw from; the shortest of the others, or of all, are kept for later tries."""
    if len(words) < 4 * TRIES:
        return _Words(words, words[:0])
    keep = min(wanted, len(words) - len(words) // 4)
    short = np.argsort(np.strings.str_len(words), kind="stable")[: len(words) // 4]
    main = np.delete(words, short)[:keep]
    return _Words(main, words[short])


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
