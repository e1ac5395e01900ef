"""Keyboard layouts: which characters lie beside each other, by language or, where it has no own, by script.

A layout is a few rows of keys, from the one below the digits down (or the digits' own row where letters lie
there), with a blank for a key that is left out; a second level is what the same keys give with shift.
"""

from __future__ import annotations

from functools import cache

from isoglot.robustness.perturbations.words import language_of, script_of

_Level = tuple[str, ...]
_OFFSETS = (0.0, 0.25, 0.75)
"""How far rows are shifted to the right, in keys, from the row below the digits on."""
_DIGITS_OFFSET = -0.5
_REACH = 1.3
"""Keys whose centres are not farther apart, in keys, are neighbours."""

_LATIN: dict[str, _Level] = {
    "qwerty": ("qwertyuiop", "asdfghjkl", "zxcvbnm"),
    "german": ("          ß", "qwertzuiopü", "asdfghjklöä", "yxcvbnm"),
    "czech": (" ěščřžýáíé", "qwertzuiopú", "asdfghjklů", "yxcvbnm"),
    "slovak": (" ľščťžýáíé", "qwertzuiopúä", "asdfghjklô ň", "yxcvbnm"),
    "hungarian": ("         öüó", "qwertzuiopőú", "asdfghjkléáű", "yxcvbnm"),
    "croatian": ("qwertzuiopšđ", "asdfghjklčćž", "yxcvbnm"),
    "albanian": ("qwertzuiopç", "asdfghjklë", "yxcvbnm"),
    "azerty": (" é    è çà", "azertyuiop", "qsdfghjklmù", "wxcvbn"),
    "spanish": ("qwertyuiop", "asdfghjklñ", "zxcvbnm"),
    "portuguese": ("qwertyuiop", "asdfghjklç", "zxcvbnm"),
    "swedish": ("qwertyuiopå", "asdfghjklöä", "zxcvbnm"),
    "norwegian": ("qwertyuiopå", "asdfghjkløæ", "zxcvbnm"),
    "danish": ("qwertyuiopå", "asdfghjklæø", "zxcvbnm"),
    "icelandic": ("          ö", "qwertyuiopð", "asdfghjklæ", "zxcvbnm  þ"),
    "italian": ("           ì", "qwertyuiopè", "asdfghjklòàù", "zxcvbnm"),
    "romanian": ("qwertyuiopăî", "asdfghjklșțâ", "zxcvbnm"),
    "estonian": ("qwertyuiopüõ", "asdfghjklöä", "zxcvbnm"),
    "lithuanian": ("ąčęėįšųū   ž", "qwertyuiop", "asdfghjkl", "zxcvbnm"),
    "turkish": ("qwertyuıopğü", "asdfghjklşi", "zxcvbnmöç"),
    "azerbaijani": ("qüertyuiopöğ", "asdfghjklıə", "zxcvbnmçş"),
}
_OTHER: dict[str, tuple[_Level, ...]] = {
    "russian": (("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю"),),
    "ukrainian": (("йцукенгшщзхї", "фівапролджє", "ячсмитьбю"),),
    "bulgarian": ((" уеишщксдзц", "ьяаожгтнвмч", "юйъэфхпрлб"),),
    "belarusian": (("йцукенгшўзх", "фывапролджэ", "ячсмітьбю"),),
    "kazakh": ((" әіңғ  үұқөһ", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю"),),
    "mongolian": (("фцужэнгшүзкъ", "йыбөахролдп", "ячёсмитьвю"),),
    "serbian": (("љњертзуиопшђ", "асдфгхјклчћж", "ѕџцвбнм"),),
    "macedonian": (("љњертѕуиопшѓ", "асдфгхјклчќж", "зџцвбнм"),),
    "greek": ((" ςερτυθιοπ", "ασδφγηξκλ", "ζχψωβνμ"),),
    "hebrew": (("  קראטוןםפ", "שדגכעיחלךף", "זסבהנמצתץ"),),
    "arabic": (("ضصثقفغعهخحجد", "شسيبلاتنمكط", "ئءؤر ىةوزظ"),),
    "persian": (("ضصثقفغعهخحجچ", "شسیبلاتنمکگ", "ظطزرذدپو"),),
    "urdu": (("قوعرتےءیہپ", "اسدفگحجکل", "زشچطبنم"), ("   ڑٹ ئ ۃ", "آصڈ غھضخ", "ذژثظ ں")),
    "inscript": (
        ("ौैाीूबहगदजड़", "ोे्िुपरकतचट", " ंमनवलस  य"),
        ("औऐआईऊभङघधझढञ", "ओएअइउफऱखथछठ", "ऎँणऩऴळशष"),
    ),
    "kedmanee": (
        ("ๅ  ภถุึคตจขช", "ๆไำพะัีรนยบล", "ฟหกดเ้่าสวง", "ผปแอิืทมใฝ"),
        ("     ู    ", "  ฎฑธํ๊ณฯญฐ", "ฤฆฏโฌ็๋ษศซ", "  ฉฮฺ์ ฒฬฦ"),
    ),
    "georgian": (("ქწერტყუიოპ", "ასდფგჰჯკლ", "ზხცვბნმ"), (" ჭ ღთ", " შ    ჟ", "ძ ჩ")),
    "two_set": (("ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔ", "ㅁㄴㅇㄹㅎㅗㅓㅏㅣ", "ㅋㅌㅊㅍㅠㅜㅡ"), ("ㅃㅉㄸㄲㅆ   ㅒㅖ",)),
}
_OF_LANGUAGE = {
    **dict.fromkeys(("de", "lb"), "german"),
    **dict.fromkeys(("sl", "hr", "bs", "sr-latn"), "croatian"),
    **dict.fromkeys(("fr", "br", "oc"), "azerty"),
    "fr-ca": "qwerty",
    **dict.fromkeys(("es", "eu", "gl", "ast", "ca", "qu"), "spanish"),
    "pt": "portuguese",
    "cs": "czech",
    "sk": "slovak",
    "hu": "hungarian",
    "sq": "albanian",
    "is": "icelandic",
    "it": "italian",
    "ro": "romanian",
    "et": "estonian",
    "lt": "lithuanian",
    **dict.fromkeys(("sv", "fi"), "swedish"),
    **dict.fromkeys(("no", "nb", "nn"), "norwegian"),
    "da": "danish",
    "tr": "turkish",
    "az": "azerbaijani",
    "uk": "ukrainian",
    "be": "belarusian",
    "kk": "kazakh",
    "mn": "mongolian",
    "bg": "bulgarian",
    "sr": "serbian",
    "mk": "macedonian",
    "fa": "persian",
    "ur": "urdu",
}
_OF_SCRIPT = {
    "LATIN": "qwerty",
    "CYRILLIC": "russian",
    "GREEK": "greek",
    "HEBREW": "hebrew",
    "ARABIC": "arabic",
    "DEVANAGARI": "inscript",
    "THAI": "kedmanee",
    "GEORGIAN": "georgian",
    "HANGUL": "two_set",
}
_INDIC = range(0x0900, 0x0D80)
"""Nine scripts of India, in blocks of 128 in the same order; InScript is one layout for all of them."""


def neighbours_of(character: str, language: str) -> str:
    """The characters on the keys beside a character's own, without shift if it has none.

    Args:
        character: One character, in small letters.
        language: BCP 47 tag; where its own layout does not have the character, that of the character's script
            is taken.

    Returns:
        The neighbours, by position; none if no layout has the character.
    """
    code = ord(character)
    if code in _INDIC:
        block = (code - _INDIC.start) // 128 * 128
        beside = _adjacency("inscript").get(chr(code - block), "")
        return "".join(shifted for each in beside if script_of(shifted := chr(ord(each) + block)))
    own = _OF_LANGUAGE.get(language.lower()) or _OF_LANGUAGE.get(language_of(language))
    found = _adjacency(own).get(character, "") if own else ""
    return found or _adjacency(_OF_SCRIPT.get(script_of(character), "qwerty")).get(character, "")


@cache
def _adjacency(name: str) -> dict[str, str]:
    levels = (_LATIN[name],) if name in _LATIN else _OTHER[name]
    found: dict[str, str] = {}
    for level in levels:
        places = dict(_places(level))
        for key, (column, row) in places.items():
            beside = [
                other
                for other, (x, y) in places.items()
                if other != key and abs(y - row) <= 1 and (x - column) ** 2 + (y - row) ** 2 <= _REACH**2
            ]
            found.setdefault(key, "".join(beside))
    return found


def _places(level: _Level) -> list[tuple[str, tuple[float, float]]]:
    """Each key of a level, and its column and row."""
    offsets = (_DIGITS_OFFSET, *_OFFSETS) if len(level) > len(_OFFSETS) else _OFFSETS
    return [
        (key, (column + offset, float(row)))
        for row, (keys, offset) in enumerate(zip(level, offsets, strict=False))
        for column, key in enumerate(keys)
        if key != " "
    ]
