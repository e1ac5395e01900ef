"""Captions that were checked by hand, five or more per language, where agreement is hard."""

from __future__ import annotations

import pytest

from isoglot.world.saying import SAID_LANGUAGES, read_caption, say
from isoglot.world.scenes import Melody, Scene, Thing
from isoglot.world.scenes.meaning import canonical


def thing(shape=None, colour=None, size=None, texture=None, count=1):
    return Thing(shape, colour, size, texture, count)


CIRCLE, CIRCLES = thing("circle", "red"), thing("circle", "red", count=2)
STARS, STAR = thing("star", "green", "large", count=3), thing("star", "yellow")
HEARTS, HEART = thing("heart", "blue", count=4), thing("heart", "white")
CROSSES, SQUARE = thing("cross", "black", count=3), thing("square", "orange", "small")
SHAPES, SHAPE = thing(None, "white", "small", count=2), thing(None, "black")
TWO = Scene(CIRCLES)
BESIDE = Scene(STAR, CIRCLES, "left_of")
ABOVE = Scene(HEARTS, SHAPE, "above")
BELOW = Scene(CIRCLE, CROSSES, "below")
INSIDE = Scene(CIRCLES, HEART, "inside")
LARGER = Scene(SHAPE, CIRCLES, "larger_than")
MOVES = Scene(HEARTS, motion="moves_left")
GROWS = Scene(CIRCLES, motion="grows")
CROSS = Scene(STAR, CIRCLES, None, "crosses")
PASSING = Scene(STAR, thing("triangle", "red"), None, "crosses")
BIG_HEART = Scene(HEART, CIRCLES, "larger_than")
TONES = Melody(3, "high", "falling", "bell", None)
TONE = Melody(1, "low", None, "flute", "slow")

SPOKEN = {
    "ar": [
        (TWO, 0, "دائرتان حمراوان"),
        (Scene(STARS), 0, "ثلاث نجوم خضراء كبيرة"),
        (Scene(HEARTS), 0, "أربعة قلوب زرقاء"),
        (BESIDE, 0, "توجد نجمة صفراء على يسار دائرتين حمراوين."),
        (ABOVE, 3, "القلوب الأربعة الزرقاء تقع فوق الشكل الأسود."),
        (BELOW, 0, "توجد دائرة حمراء تحت ثلاثة صلبان سوداء."),
        (GROWS, 1, "هناك دائرتان حمراوان تكبران."),
        (GROWS, 0, "تكبر دائرتان حمراوان."),
        (Scene(SHAPES), 0, "شكلان أبيضان صغيران"),
    ],
    "cy": [
        (TWO, 0, "Dau gylch coch"),
        (Scene(CROSSES), 0, "Tair croes ddu"),
        (Scene(thing("circle", "red", count=3)), 0, "Tri chylch coch"),
        (BESIDE, 0, "Mae seren felen i'r chwith o ddau gylch coch."),
        (BELOW, 0, "Mae cylch coch o dan dair croes ddu."),
        (INSIDE, 0, "Mae dau gylch coch y tu mewn i galon wen."),
        (INSIDE, 3, "Mae'r ddau gylch coch y tu mewn i'r galon wen."),
        (PASSING, 0, "Mae seren felen a thriongl coch yn croesi ei gilydd."),
    ],
    "de": [
        (Scene(CIRCLE), 1, "Es gibt einen roten Kreis."),
        (BESIDE, 0, "Ein gelber Stern befindet sich links von zwei roten Kreisen."),
        (ABOVE, 0, "Vier blaue Herzen befinden sich über einer schwarzen Form."),
        (ABOVE, 3, "Die vier blauen Herzen sind über der schwarzen Form."),
        (INSIDE, 0, "Zwei rote Kreise befinden sich in einem weißen Herzen."),
        (INSIDE, 3, "Die zwei roten Kreise sind im weißen Herzen."),
        (Scene(SQUARE), 0, "Ein kleines orangefarbenes Quadrat"),
        (TONES, 0, "Drei hohe fallende Töne einer Glocke"),
    ],
    "el": [
        (Scene(HEARTS), 0, "Τέσσερις μπλε καρδιές"),
        (Scene(STARS), 0, "Τρία μεγάλα πράσινα αστέρια"),
        (BESIDE, 0, "Ένα κίτρινο αστέρι βρίσκεται αριστερά από δύο κόκκινους κύκλους."),
        (INSIDE, 3, "Οι δύο κόκκινοι κύκλοι βρίσκονται μέσα στη λευκή καρδιά."),
        (BELOW, 3, "Ο κόκκινος κύκλος βρίσκεται κάτω από τους τρεις μαύρους σταυρούς."),
        (BIG_HEART, 0, "Μία λευκή καρδιά είναι μεγαλύτερη από δύο κόκκινους κύκλους."),
    ],
    "en": [
        (Scene(SQUARE), 0, "A small orange square"),
        (Scene(thing("square", "orange")), 0, "An orange square"),
        (Scene(CROSSES), 1, "There are three black crosses."),
        (BESIDE, 4, "Two red circles are to the right of a yellow star."),
        (INSIDE, 2, "A white heart contains two red circles."),
        (LARGER, 1, "Two red circles are smaller than a black shape."),
    ],
    "es": [
        (Scene(STARS), 0, "Tres estrellas verdes grandes"),
        (Scene(SHAPES), 0, "Dos figuras blancas pequeñas"),
        (Scene(thing("heart", "orange", count=2)), 0, "Dos corazones naranja"),
        (BESIDE, 3, "La estrella amarilla está a la izquierda de los dos círculos rojos."),
        (INSIDE, 3, "Los dos círculos rojos están dentro del corazón blanco."),
        (BELOW, 0, "Un círculo rojo está debajo de tres cruces negras."),
        (LARGER, 1, "Dos círculos rojos son menores que una figura negra."),
    ],
    "eu": [
        (TWO, 0, "Bi zirkulu gorri"),
        (BESIDE, 0, "Izar hori bat bi zirkulu gorriren ezkerrean dago."),
        (BESIDE, 3, "Izar horia bi zirkulu gorrien ezkerrean dago."),
        (BELOW, 0, "Zirkulu gorri bat hiru gurutze beltzen azpian dago."),
        (INSIDE, 2, "Bihotz zuri batek barruan bi zirkulu gorri dauzka."),
        (CROSS, 1, "Izar hori bat bi zirkulu gorrirekin gurutzatzen da."),
        (Scene(CIRCLE, thing("star", count=2), "below"), 0, "Zirkulu gorri bat bi izarren azpian dago."),
        (LARGER, 1, "Bi zirkulu gorri forma beltz bat baino txikiagoak dira."),
    ],
    "hi": [
        (BESIDE, 0, "एक पीला तारा दो लाल वृत्तों के बाईं ओर है।"),
        (Scene(CIRCLE, STAR, "above"), 0, "एक लाल वृत्त एक पीले तारे के ऊपर है।"),
        (Scene(STARS), 0, "तीन बड़े हरे तारे"),
        (Scene(SHAPE), 2, "यहाँ एक काली आकृति दिखाई देती है।"),
        (Scene(SHAPES), 0, "दो छोटी सफ़ेद आकृतियाँ"),
        (MOVES, 0, "चार नीले दिल बाईं ओर जा रहे हैं।"),
        (LARGER, 0, "एक काली आकृति दो लाल वृत्तों से बड़ी है।"),
    ],
    "ja": [
        (TWO, 0, "二つの赤い円"),
        (TWO, 1, "赤い円が二つある。"),
        (BESIDE, 0, "一つの黄色い星が二つの赤い円の左にある。"),
        (LARGER, 1, "二つの赤い円は一つの黒い図形より小さい。"),
        (GROWS, 2, "大きくなる二つの赤い円"),
        (TONE, 1, "ゆっくりしたフルートの低い音が一つ聞こえる。"),
    ],
    "ko": [
        (TWO, 0, "빨간 원 두 개"),
        (TWO, 2, "그림에 두 개의 빨간 원이 보인다."),
        (Scene(HEARTS), 2, "그림에 네 개의 파란 하트가 보인다."),
        (BESIDE, 0, "노란 별 한 개가 빨간 원 두 개의 왼쪽에 있다."),
        (INSIDE, 2, "하얀 하트 한 개가 빨간 원 두 개를 안에 품고 있다."),
        (LARGER, 0, "검은 도형 한 개가 빨간 원 두 개보다 크다."),
    ],
    "ru": [
        (TWO, 0, "Два красных круга"),
        (Scene(STARS), 0, "Три большие зелёные звезды"),
        (Scene(HEARTS), 0, "Четыре синих сердца"),
        (BESIDE, 0, "Жёлтая звезда находится слева от двух красных кругов."),
        (BELOW, 0, "Красный круг находится под тремя чёрными крестами."),
        (Scene(CIRCLE, STARS, "right_of"), 0, "Красный круг находится справа от трёх больших зелёных звёзд."),
        (Scene(HEART), 1, "На картинке изображено белое сердце."),
        (Scene(thing("star", "blue", count=2)), 1, "На картинке изображены две синие звезды."),
    ],
    "sw": [
        (TWO, 0, "Maduara mawili mekundu"),
        (Scene(HEARTS), 0, "Mioyo minne ya buluu"),
        (Scene(thing("star", "black", count=2)), 0, "Nyota mbili nyeusi"),
        (Scene(thing("square", "red")), 0, "Mraba mwekundu"),
        (BESIDE, 0, "Nyota ya njano iko upande wa kushoto wa maduara mawili mekundu."),
        (MOVES, 0, "Mioyo minne ya buluu inasogea upande wa kushoto."),
        (GROWS, 1, "Video inaonyesha maduara mawili mekundu yakikua."),
        (LARGER, 0, "Umbo jeusi ni kubwa kuliko maduara mawili mekundu."),
    ],
    "th": [
        (TWO, 0, "วงกลมสีแดงสองวง"),
        (Scene(STARS), 0, "ดาวสีเขียวขนาดใหญ่สามดวง"),
        (Scene(CROSSES), 1, "มีกากบาทสีดำสามอัน"),
        (BESIDE, 0, "ดาวสีเหลืองหนึ่งดวงอยู่ทางซ้ายของวงกลมสีแดงสองวง"),
        (LARGER, 0, "รูปทรงสีดำหนึ่งรูปใหญ่กว่าวงกลมสีแดงสองวง"),
        (TONE, 0, "เสียงขลุ่ยต่ำจังหวะช้าหนึ่งเสียง"),
    ],
    "tr": [
        (Scene(SQUARE), 0, "Küçük turuncu bir kare"),
        (TWO, 0, "İki kırmızı daire"),
        (BESIDE, 1, "İki kırmızı dairenin solunda sarı bir yıldız var."),
        (INSIDE, 0, "İki kırmızı daire beyaz bir kalbin içinde duruyor."),
        (LARGER, 1, "İki kırmızı daire, siyah bir şekilden daha küçük."),
        (Scene(STAR, HEART, "larger_than"), 0, "Sarı bir yıldız, beyaz bir kalpten daha büyük."),
        (CROSS, 2, "Sarı bir yıldızın ve iki kırmızı dairenin yolları kesişiyor."),
    ],
    "vi": [
        (TWO, 0, "Hai hình tròn màu đỏ"),
        (Scene(STARS), 0, "Ba ngôi sao lớn màu xanh lá cây"),
        (BESIDE, 2, "Bên trái hai hình tròn màu đỏ có một ngôi sao màu vàng."),
        (INSIDE, 2, "Một trái tim màu trắng chứa hai hình tròn màu đỏ."),
        (LARGER, 1, "Hai hình tròn màu đỏ nhỏ hơn một hình màu đen."),
    ],
    "yo": [
        (TWO, 0, "Àyípo pupa méjì"),
        (Scene(STARS), 2, "Àwòrán náà fi ìràwọ̀ ńlá aláwọ̀ ewé mẹ́ta hàn."),
        (BESIDE, 0, "Ìràwọ̀ aláwọ̀ ìyeyè kan wà ní apá òsì àyípo pupa méjì."),
        (LARGER, 0, "Ìrísí dúdú kan tóbi ju àyípo pupa méjì lọ."),
        (MOVES, 0, "Ọkàn aláwọ̀ búlúù mẹ́rin ń lọ sí apá òsì."),
    ],
    "zh": [
        (TWO, 0, "两个红色圆形"),
        (Scene(STARS), 0, "三颗绿色大五角星"),
        (BESIDE, 1, "两个红色圆形左边有一颗黄色五角星。"),
        (LARGER, 1, "两个红色圆形比一个黑色图形小。"),
        (Scene(thing("square", "blue", "small", "striped")), 1, "图中有一个带条纹的蓝色小正方形。"),
        (TONES, 0, "三个由钟发出的逐渐降低的高音"),
    ],
}  # fmt: skip


def test_every_language_has_five_captions_or_more():
    assert set(SPOKEN) == set(SAID_LANGUAGES)
    assert all(len(captions) >= 5 for captions in SPOKEN.values())


@pytest.mark.parametrize("language", SPOKEN)
def test_captions_are_said_as_a_speaker_says_them(language):
    said = [say(scene, language, paraphrase=paraphrase) for scene, paraphrase, _ in SPOKEN[language]]
    assert said == [caption for *_, caption in SPOKEN[language]]


@pytest.mark.parametrize("language", SPOKEN)
def test_captions_that_a_speaker_wrote_are_read(language):
    read = [read_caption(caption, language) for *_, caption in SPOKEN[language]]
    assert read == [canonical(scene) for scene, *_ in SPOKEN[language]]
