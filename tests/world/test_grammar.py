"""Sentences checked by hand, chosen for the grammar that they exercise, and the rules behind them."""

from __future__ import annotations

import pytest

from isoglot.world import LANGUAGES
from isoglot.world.facts import read_facts
from isoglot.world.grammar import basque, turkish, welsh
from isoglot.world.names import Names
from isoglot.world.wording import word_fact

FACTS = {fact.group_id: fact for fact in read_facts()}
QUESTION, PASSAGE = "questions", "passages"

EXAMPLES = {
    "ar": [
        # Definite adjective; no article before the name of a country; last question mark; attached "and".
        ("currency/JP", PASSAGE, 0, "عملة اليابان هي الين الياباني."),
        ("currency/KM", PASSAGE, 0, "عملة جزر القمر هي فرنك جزر القمر."),
        ("currency/FR", PASSAGE, 0, "عملة فرنسا هي اليورو."),
        ("capital/EG", QUESTION, 0, "ما هي عاصمة مصر؟"),
        (
            "official_languages/CH",
            PASSAGE,
            0,
            "اللغات الرسمية في سويسرا هي الألمانية والفرنسية والإيطالية والرومانشية.",
        ),
        ("script/ru", PASSAGE, 0, "تُكتب اللغة الروسية بالكتابة السيريلية."),
        ("language_code/ps", PASSAGE, 0, "رمز لغة البشتو المكون من حرفين في معيار ISO 639 هو ps."),
        ("city_country/Asia/Saigon", PASSAGE, 0, "تقع مدينة هو تشي منه في فيتنام."),
    ],
    "cy": [
        # Article small and joined to a vowel; "ac" before a vowel, aspirate after "a"; softened script.
        ("capital/EG", PASSAGE, 1, "Prifddinas yr Aifft yw Cairo."),
        ("currency/CH", PASSAGE, 0, "Ffranc y Swistir yw arian cyfred y Swistir."),
        (
            "region/NL",
            PASSAGE,
            0,
            "Yn ôl dosbarthiad y Cenhedloedd Unedig, mae'r Iseldiroedd yn perthyn "
            "i ranbarth Gorllewin Ewrop.",
        ),
        (
            "official_languages/BE",
            PASSAGE,
            0,
            "Iseldireg, Ffrangeg ac Almaeneg yw ieithoedd swyddogol Gwlad Belg.",
        ),
        ("official_languages/CY", PASSAGE, 1, "Ieithoedd swyddogol Cyprus yw Groeg a Thyrceg."),
        ("script/ru", PASSAGE, 0, "Mae Rwseg yn cael ei hysgrifennu yn yr wyddor Gyrilig."),
        ("driving_side/FR", PASSAGE, 0, "Mae pobl Ffrainc yn gyrru ar ochr dde y ffordd."),
    ],
    "de": [
        # Articles in three cases: feminine, masculine, plural, islands, adjectives; none at all.
        ("currency/CH", QUESTION, 0, "Welche Währung wird in der Schweiz verwendet?"),
        ("capital/IR", PASSAGE, 0, "Die Hauptstadt des Iran ist Teheran."),
        ("driving_side/IQ", PASSAGE, 0, "Auf den Straßen fährt man im Irak rechts."),
        ("official_language/NL", QUESTION, 1, "Welche Sprache ist in den Niederlanden Amtssprache?"),
        ("currency/MV", QUESTION, 1, "Mit welcher Währung bezahlt man auf den Malediven?"),
        (
            "region/US",
            QUESTION,
            0,
            "Zu welcher Weltregion gehören die Vereinigten Staaten nach Einteilung der Vereinten Nationen?",
        ),
        ("capital/FR", QUESTION, 0, "Wie heißt die Hauptstadt von Frankreich?"),
        ("script/ru", PASSAGE, 0, "Russisch wird in kyrillischer Schrift geschrieben."),
        ("script/hi", PASSAGE, 0, "Hindi wird in Devanagari-Schrift geschrieben."),
        ("capital/IS", PASSAGE, 1, "Reykjavík ist die Hauptstadt von Island."),
    ],
    "el": [
        # Article, case and final nu; masculine, irregular feminine, neuter, plural with its verb.
        ("currency/FR", QUESTION, 0, "Ποιο νόμισμα χρησιμοποιεί η Γαλλία;"),
        ("currency/US", QUESTION, 0, "Ποιο νόμισμα χρησιμοποιούν οι Ηνωμένες Πολιτείες;"),
        ("currency/CA", QUESTION, 1, "Με ποιο νόμισμα πληρώνει κανείς στον Καναδά;"),
        ("capital/EG", PASSAGE, 0, "Η πρωτεύουσα της Αιγύπτου ονομάζεται Κάιρο."),
        ("region/NL", QUESTION, 1, "Σε ποια περιοχή του κόσμου κατατάσσουν τα Ηνωμένα Έθνη τις Κάτω Χώρες;"),
        ("driving_side/IT", QUESTION, 0, "Σε ποια πλευρά του δρόμου οδηγούν στην Ιταλία;"),
        ("driving_side/PE", PASSAGE, 0, "Στους δρόμους του Περού τα οχήματα κινούνται δεξιά."),
        ("script/ru", PASSAGE, 0, "Τα ρωσικά γράφονται με το κυριλλικό σύστημα γραφής."),
        ("city_continent/America/Lima", PASSAGE, 0, "Η πόλη Λίμα βρίσκεται στη Νότια Αμερική."),
    ],
    "en": [
        ("currency/CH", PASSAGE, 0, "The currency of Switzerland is the Swiss franc."),
        ("currency/US", QUESTION, 0, "Which currency is used in the United States?"),
        (
            "official_languages/BE",
            PASSAGE,
            0,
            "The official languages of Belgium are Dutch, French and German.",
        ),
        ("calling_code/PH", PASSAGE, 0, "The international dialling code of the Philippines is +63."),
        ("capital/CO", PASSAGE, 1, "Bogotá is the capital city of Colombia."),
        (
            "region/JM",
            PASSAGE,
            0,
            "In the United Nations' list of world regions, Jamaica belongs to the Caribbean.",
        ),
    ],
    "es": [
        # Articles that merge with "de" and "a"; plural agreement; the inverted mark and its capital.
        ("capital/GB", QUESTION, 0, "¿Cuál es la capital del Reino Unido?"),
        ("domain/SV", PASSAGE, 0, "El dominio de Internet de nivel superior de El Salvador es .sv."),
        ("official_language/NL", PASSAGE, 1, "El neerlandés es el idioma oficial de los Países Bajos."),
        (
            "region/AE",
            PASSAGE,
            0,
            "Según la clasificación de las Naciones Unidas, los Emiratos Árabes Unidos pertenecen "
            "a la región «Asia occidental».",
        ),
        (
            "calling_code/LB",
            QUESTION,
            1,
            "¿Qué prefijo hay que marcar para llamar al Líbano desde el extranjero?",
        ),
        ("currency/JP", PASSAGE, 0, "La moneda de Japón se llama yen japonés."),
        ("language_code/ur", QUESTION, 0, "¿Cuál es el código ISO 639 del urdu?"),
    ],
    "eu": [
        # Inessive and local genitive after a vowel, n, r, another consonant, the article, the plural.
        ("capital/FR", QUESTION, 0, "Zein da Frantziako hiriburua?"),
        ("capital/IR", PASSAGE, 0, "Irango hiriburua Teheran da."),
        ("currency/QA", PASSAGE, 1, "Qatarren erabiltzen den moneta riyal qatartarra da."),
        ("driving_side/IQ", PASSAGE, 0, "Iraken errepidearen eskuineko aldetik gidatzen da."),
        ("capital/GB", PASSAGE, 1, "Londres da Erresuma Batuko hiriburua."),
        (
            "region/NL",
            PASSAGE,
            0,
            "Nazio Batuen sailkapenaren arabera, Herbehereak «Mendebaldeko Europa» eskualdean daude.",
        ),
        (
            "driving_side/US",
            QUESTION,
            1,
            "Ezkerretik ala eskuinetik gidatzen da Ameriketako Estatu Batuetan?",
        ),
        ("script/ru", PASSAGE, 0, "Errusiera alfabeto zirilikoarekin idazten da."),
    ],
    "hi": [
        ("currency/JP", PASSAGE, 0, "जापान की मुद्रा जापानी येन है।"),
        ("capital/EG", QUESTION, 0, "मिस्र की राजधानी क्या है?"),
        ("official_languages/BE", PASSAGE, 0, "बेल्जियम की आधिकारिक भाषाएँ डच, फ़्रेंच और जर्मन हैं।"),
        (
            "currency_code/INR",
            PASSAGE,
            0,
            "ISO 4217 मानक के अनुसार भारतीय रुपया नामक मुद्रा का तीन अक्षरों वाला कोड INR है।",
        ),
        ("driving_side/IN", PASSAGE, 0, "भारत में गाड़ियाँ सड़क की बाईं ओर चलती हैं।"),
        ("script/ru", PASSAGE, 0, "रूसी भाषा सिरिलिक लिपि में लिखी जाती है।"),
    ],
    "ru": [
        # Genitive and prepositional, "во", "на", indeclinable names, plurals with their verb, adjectives.
        ("currency/FR", QUESTION, 0, "Какую валюту использует Франция?"),
        ("currency/US", QUESTION, 0, "Какую валюту используют Соединённые Штаты Америки?"),
        ("city_country/Asia/Saigon", PASSAGE, 0, "Хошимин — город во Вьетнаме."),
        ("official_language/CU", QUESTION, 0, "Какой язык является официальным на Кубе?"),
        ("capital/PE", PASSAGE, 0, "Столица Перу — Лима."),
        ("capital/EG", PASSAGE, 0, "Столица Египта — Каир."),
        ("capital/PL", PASSAGE, 1, "Варшава — столица Польши."),
        ("driving_side/NL", PASSAGE, 0, "Автомобили в Нидерландах ездят по правой стороне дороги."),
        ("script/ru", PASSAGE, 0, "В русском языке используется кириллица."),
        ("script/hi", QUESTION, 1, "Какой письменностью пользуется язык хинди?"),
        ("script/ka", PASSAGE, 0, "В грузинском языке используется грузинская письменность."),
    ],
    "sw": [
        # The possessive agrees with what is owned: ya sarafu, wa mji, cha kikoa.
        ("currency/JP", PASSAGE, 0, "Sarafu ya Japani ni yen ya Japani."),
        ("capital/TH", QUESTION, 0, "Mji mkuu wa Tailandi ni upi?"),
        ("domain/KE", PASSAGE, 0, "Kikoa cha intaneti cha kiwango cha juu cha Kenya ni .ke."),
        ("official_languages/KE", PASSAGE, 0, "Lugha rasmi za Kenya ni Kiswahili na Kiingereza."),
        ("driving_side/TZ", PASSAGE, 0, "Nchini Tanzania, magari huendeshwa upande wa kushoto wa barabara."),
        ("script/ru", PASSAGE, 0, "Kirusi huandikwa kwa hati ya Kisiriliki."),
    ],
    "th": [
        ("currency/JP", PASSAGE, 0, "ประเทศญี่ปุ่นใช้สกุลเงินเยนญี่ปุ่น"),
        ("capital/FR", QUESTION, 0, "เมืองหลวงของประเทศฝรั่งเศสคือเมืองอะไร?"),
        ("official_language/FR", PASSAGE, 0, "ภาษาราชการของประเทศฝรั่งเศสคือภาษาฝรั่งเศส"),
        (
            "official_languages/BE",
            PASSAGE,
            0,
            "ภาษาราชการของประเทศเบลเยียมได้แก่ ภาษาดัตช์ ภาษาฝรั่งเศส และภาษาเยอรมัน",
        ),
        ("country_code/TH", PASSAGE, 0, "รหัสประเทศแบบสองตัวอักษรของประเทศไทยตามมาตรฐาน ISO 3166 คือ TH"),
        ("script/ru", PASSAGE, 0, "ภาษารัสเซียเขียนด้วยอักษรซีริลลิก"),
    ],
    "tr": [
        # Vowel harmony, hard consonants, possessive compounds, names read in another way, the dotted capital.
        ("currency/TR", QUESTION, 0, "Türkiye’de hangi para birimi kullanılır?"),
        ("currency/FR", QUESTION, 0, "Fransa’da hangi para birimi kullanılır?"),
        ("driving_side/IQ", PASSAGE, 0, "Irak’ta araçlar yolun sağından gider."),
        ("currency/US", QUESTION, 0, "Amerika Birleşik Devletleri’nde hangi para birimi kullanılır?"),
        ("capital/PT", PASSAGE, 0, "Lizbon, Portekiz’in başkentidir."),
        ("capital/JO", PASSAGE, 0, "Amman, Ürdün’ün başkentidir."),
        ("driving_side/NP", QUESTION, 0, "Nepal’de araçlar yolun hangi tarafından gider?"),
        ("driving_side/MU", QUESTION, 0, "Mauritius’ta araçlar yolun hangi tarafından gider?"),
        (
            "official_languages/CH",
            PASSAGE,
            0,
            "İsviçre’nin resmî dilleri Almanca, Fransızca, İtalyanca ve Romanşçadır.",
        ),
        ("official_language/FR", PASSAGE, 0, "Fransa’nın resmî dili Fransızcadır."),
    ],
    "vi": [
        ("currency/US", PASSAGE, 0, "Đơn vị tiền tệ của Hoa Kỳ là đô la Mỹ."),
        (
            "currency_code/VND",
            PASSAGE,
            0,
            "Mã ba chữ cái của đơn vị tiền tệ đồng Việt Nam theo tiêu chuẩn ISO 4217 là VND.",
        ),
        (
            "official_languages/BE",
            PASSAGE,
            0,
            "Các ngôn ngữ chính thức của Bỉ là tiếng Hà Lan, tiếng Pháp và tiếng Đức.",
        ),
        ("script/ru", PASSAGE, 0, "Tiếng Nga được viết bằng chữ Kirin."),
        ("capital/RU", PASSAGE, 0, "Thủ đô của Nga là Mát-xcơ-va."),
        ("driving_side/GB", PASSAGE, 0, "Ở Vương quốc Anh, người ta lái xe ở bên trái đường."),
    ],
    "yo": [
        ("currency/US", PASSAGE, 0, "Owó tí wọ́n ń ná ní orílẹ̀-èdè Amẹrikà ni Dọ́là Amẹ́ríkà."),
        (
            "official_languages/BE",
            PASSAGE,
            0,
            "Àwọn èdè ìjọba orílẹ̀-èdè Bégíọ́mù ni èdè Dọ́ọ̀ṣì, èdè Faransé àti èdè Jámánì.",
        ),
        ("capital/KR", PASSAGE, 0, "Olú-ìlú orílẹ̀-èdè Gúúsù Kòríà ni Seoul."),
        ("driving_side/NG", PASSAGE, 0, "Apá ọ̀tún ojú ọ̀nà ni wọ́n ti ń wa ọkọ̀ ní orílẹ̀-èdè Nàìjíríà."),
        ("city_country/America/New_York", PASSAGE, 0, "Ìlú New York wà ní orílẹ̀-èdè Amẹrikà."),
        ("script/ru", PASSAGE, 0, "Àwọn lẹ́tà Sírílíìkì ni wọ́n fi ń kọ èdè Rọ́ṣíà."),
    ],
    "zh": [
        ("currency/JP", PASSAGE, 0, "日本的货币是日元。"),
        ("capital/FR", QUESTION, 1, "哪座城市是法国的首都？"),
        ("official_languages/BE", PASSAGE, 0, "比利时的官方语言有荷兰语、法语和德语。"),
        ("country_code/CD", PASSAGE, 0, "根据ISO 3166标准，刚果民主共和国的两字母国家代码是CD。"),
        ("script/ru", PASSAGE, 0, "俄语使用西里尔字母书写。"),
        ("driving_side/GB", PASSAGE, 0, "在英国，车辆靠道路左侧行驶。"),
    ],
}
CASES = [(language, *case) for language, cases in EXAMPLES.items() for case in cases]


def test_every_language_has_examples():
    assert tuple(EXAMPLES) == LANGUAGES
    assert min(map(len, EXAMPLES.values())) >= 6


@pytest.mark.parametrize(("language", "group", "kind", "wording", "sentence"), CASES)
def test_sentence(language, group, kind, wording, sentence):
    worded = word_fact(FACTS[group], Names(language))
    assert worded is not None
    assert getattr(worded, kind)[wording] == sentence


def test_a_fact_without_a_fit_name_is_not_worded():
    assert word_fact(FACTS["script/am"], Names("yo")) is None
    assert word_fact(FACTS["script/dv"], Names("ar")) is None


@pytest.mark.parametrize(
    ("name", "place", "possessor"),
    [
        ("Almanya", "da", "nın"),
        ("Türkiye", "de", "nin"),
        ("Irak", "ta", "ın"),
        ("Norveç", "te", "in"),
        ("Peru", "da", "nun"),
        ("Ürdün", "de", "ün"),
        ("Japonya", "da", "nın"),
        ("Göl", "de", "ün"),
    ],
)
def test_turkish_suffixes(name, place, possessor):
    assert turkish.locative(name) == place
    assert turkish.genitive(name) == possessor


def test_turkish_capital_of_i_keeps_its_dot():
    assert turkish.finish("internet") == "İnternet"
    assert turkish.finish("ırmak") == "Irmak"


@pytest.mark.parametrize(
    ("name", "where", "of"),
    [
        ("Frantzia", "Frantzian", "Frantziako"),
        ("Iran", "Iranen", "Irango"),
        ("Brasil", "Brasilen", "Brasilgo"),
        ("Qatar", "Qatarren", "Qatarreko"),
        ("Irak", "Iraken", "Irakeko"),
        ("Peru", "Perun", "Peruko"),
    ],
)
def test_basque_endings(name, where, of):
    assert basque.inessive(name) == where
    assert basque.local_genitive(name) == of


def test_welsh_aspirate_mutation():
    words = ("Tyrceg", "Portiwgaleg", "Catalaneg", "Chmereg", "Tsieceg", "Saesneg")
    assert [welsh.aspirate(word) for word in words] == [
        "Thyrceg", "Phortiwgaleg", "Chatalaneg", "Chmereg", "Tsieceg", "Saesneg"
    ]  # fmt: skip


def test_welsh_article_joins_a_vowel_and_not_a_consonant():
    assert welsh.finish("mae yr Almaen") == "Mae'r Almaen"
    assert welsh.finish("prifddinas yr Almaen") == "Prifddinas yr Almaen"
