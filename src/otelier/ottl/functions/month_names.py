"""Names of months, days and halves of a day, by language, to read times by; forms as CLDR 45 has them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..values import OttlError


@dataclass(frozen=True)
class Names:
    """Of one language. Days begin with Sunday; `halves` holds what may stand for AM, and what for PM."""

    months: tuple[str, ...]
    short_months: tuple[str, ...]
    days: tuple[str, ...]
    short_days: tuple[str, ...]
    halves: tuple[tuple[str, ...], tuple[str, ...]] = (("am",), ("pm",))

    def pattern(self, directive: str) -> str:
        """To read %a, %A, %b, %B, %p or %P; a name's point at the end may be missing."""
        if directive in "pP":
            return f"(?P<half>{_either([*self.halves[0], *self.halves[1]])})"
        if directive in "aA":
            return f"(?P<weekday>{_either(self.days if directive == 'A' else self.short_days)})"
        return f"(?P<month_name>{_either(self.months if directive == 'B' else self.short_months)})"

    def month(self, parts: Mapping[str, str]) -> int:
        """From 1; 0 if there is no name of one."""
        name = _plain(parts.get("month_name", ""))
        for known in (self.months, self.short_months):
            for number, month in enumerate(known, 1):
                if name == _plain(month):
                    return number
        return 0

    def half(self, parts: Mapping[str, str]) -> int | None:
        """0 before noon, 1 after; None if it isn't told."""
        if "half" not in parts:
            return None
        return int(_plain(parts["half"]) in map(_plain, self.halves[1]))


def _plain(name: str) -> str:
    return name.lower().rstrip(".")


def _either(names: "tuple[str, ...] | list[str]") -> str:
    """Longer names first; capital letters and a point at the end don't matter."""
    return "|".join(re.escape(name.rstrip(".")) + r"\.?" for name in sorted(names, key=len, reverse=True))


def names_of(locale: str) -> Names:
    """By BCP 47's tag, such as "de" or "es-MX": the language decides. Raises OttlError."""
    language = re.split("[-_]", locale)[0].lower()
    if language not in LANGUAGES:
        raise OttlError(f"times of the locale {locale!r} can't be read, only of {', '.join(LANGUAGES)}")
    return LANGUAGES[language]


def _names(months: str, short_months: str, days: str, short_days: str, am: str = "am", pm: str = "pm") -> Names:
    def forms(text: str) -> tuple[str, ...]:
        return tuple(text.split("|"))

    return Names(forms(months), forms(short_months), forms(days), forms(short_days), (forms(am), forms(pm)))


LANGUAGES = {
    "en": _names(
        "January|February|March|April|May|June|July|August|September|October|November|December",
        "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec",
        "Sunday|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday",
        "Sun|Mon|Tue|Wed|Thu|Fri|Sat",
    ),
    "de": _names(
        "Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember",
        "Jan.|Feb.|März|Apr.|Mai|Juni|Juli|Aug.|Sept.|Okt.|Nov.|Dez.",
        "Sonntag|Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag",
        "So|Mo|Di|Mi|Do|Fr|Sa",
    ),
    "es": _names(
        "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre",
        "ene|feb|mar|abr|may|jun|jul|ago|sept|oct|nov|dic",
        "domingo|lunes|martes|miércoles|jueves|viernes|sábado",
        "dom|lun|mar|mié|jue|vie|sáb",
        "a. m.|a.\N{NO-BREAK SPACE}m.|a.m.|am", "p. m.|p.\N{NO-BREAK SPACE}m.|p.m.|pm",
    ),
    "fr": _names(
        "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre",
        "janv.|févr.|mars|avr.|mai|juin|juil.|août|sept.|oct.|nov.|déc.",
        "dimanche|lundi|mardi|mercredi|jeudi|vendredi|samedi",
        "dim.|lun.|mar.|mer.|jeu.|ven.|sam.",
    ),
    "it": _names(
        "gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre",
        "gen|feb|mar|apr|mag|giu|lug|ago|set|ott|nov|dic",
        "domenica|lunedì|martedì|mercoledì|giovedì|venerdì|sabato",
        "dom|lun|mar|mer|gio|ven|sab",
    ),
    "ja": _names(
        "1月|2月|3月|4月|5月|6月|7月|8月|9月|10月|11月|12月",
        "1月|2月|3月|4月|5月|6月|7月|8月|9月|10月|11月|12月",
        "日曜日|月曜日|火曜日|水曜日|木曜日|金曜日|土曜日",
        "日|月|火|水|木|金|土",
        "午前", "午後",
    ),
    "ko": _names(
        "1월|2월|3월|4월|5월|6월|7월|8월|9월|10월|11월|12월",
        "1월|2월|3월|4월|5월|6월|7월|8월|9월|10월|11월|12월",
        "일요일|월요일|화요일|수요일|목요일|금요일|토요일",
        "일|월|화|수|목|금|토",
        "오전|am", "오후|pm",
    ),
    "nl": _names(
        "januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december",
        "jan|feb|mrt|apr|mei|jun|jul|aug|sep|okt|nov|dec",
        "zondag|maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag",
        "zo|ma|di|wo|do|vr|za",
        "a.m.|am", "p.m.|pm",
    ),
    "pl": _names(
        "stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|listopada|grudnia",
        "sty|lut|mar|kwi|maj|cze|lip|sie|wrz|paź|lis|gru",
        "niedziela|poniedziałek|wtorek|środa|czwartek|piątek|sobota",
        "niedz.|pon.|wt.|śr.|czw.|pt.|sob.",
    ),
    "pt": _names(
        "janeiro|fevereiro|março|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro",
        "jan.|fev.|mar.|abr.|mai.|jun.|jul.|ago.|set.|out.|nov.|dez.",
        "domingo|segunda-feira|terça-feira|quarta-feira|quinta-feira|sexta-feira|sábado",
        "dom.|seg.|ter.|qua.|qui.|sex.|sáb.",
    ),
    "ru": _names(
        "января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря",
        "янв.|февр.|мар.|апр.|мая|июн.|июл.|авг.|сент.|окт.|нояб.|дек.",
        "воскресенье|понедельник|вторник|среда|четверг|пятница|суббота",
        "вс|пн|вт|ср|чт|пт|сб",
    ),
    "sv": _names(
        "januari|februari|mars|april|maj|juni|juli|augusti|september|oktober|november|december",
        "jan.|feb.|mars|apr.|maj|juni|juli|aug.|sep.|okt.|nov.|dec.",
        "söndag|måndag|tisdag|onsdag|torsdag|fredag|lördag",
        "sön|mån|tis|ons|tors|fre|lör",
        "fm", "em",
    ),
    "zh": _names(
        "一月|二月|三月|四月|五月|六月|七月|八月|九月|十月|十一月|十二月",
        "1月|2月|3月|4月|5月|6月|7月|8月|9月|10月|11月|12月",
        "星期日|星期一|星期二|星期三|星期四|星期五|星期六",
        "周日|周一|周二|周三|周四|周五|周六",
        "上午", "下午",
    ),
}  # fmt: skip
ENGLISH = LANGUAGES["en"]
