"""A message in a language that we do not read is known for what it is, and its writer is told so in that language."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from career_advisor import languages
from career_advisor.languages import foreign_language, language_of
from career_advisor.opening import shipped_cases

CODES = tuple(languages._languages())
ALIKE = {"nb": {"nb", "da"}, "da": {"nb", "da"}}
"""Languages that are written so much alike that whoever reads one reads the other."""
ASKED = {
    "sv": "Hej! Jag är sjuksköterska i Lund och vill jobba med AI-säkerhet, hur börjar jag?",
    "da": "Hvordan kan jeg arbejde med AI-sikkerhed uden at have en ph.d.?",
    "fi": "Miten voin työskennellä tekoälyn turvallisuuden parissa, jos olen opettaja?",
    "pl": "Czy bez doktoratu mogę pracować nad bezpieczeństwem AI i gdzie mam zacząć?",
    "cs": "Jak mohu pracovat na bezpečnosti AI, když nejsem programátor?",
    "hu": "Hogyan lehet doktori nélkül AI-biztonsággal foglalkozni, ha nem vagyok programozó?",
    "ro": "Cum pot să lucrez în siguranța AI fără doctorat?",
    "tr": "Fizik öğretmeniyim ve yapay zekâ güvenliği için çalışmak istiyorum, nereden başlamalıyım?",
    "vi": "Mình là kỹ sư ở Huế và muốn làm về an toàn AI, cần học gì?",
    "id": "Bagaimana saya bisa bekerja di bidang keamanan AI tanpa gelar doktor?",
    "sw": "Nataka kazi ya usalama wa AI lakini sina shahada, nifanye nini?",
    "tl": "Paano ako makakapasok sa AI safety kung wala akong PhD?",
    "uk": "Я викладачка фізики зі Львова. З чого почати, щоб працювати над безпекою ШІ?",
    "ru": "Я преподаю физику в Казани. С чего начать, чтобы работать над безопасностью ИИ?",
    "ja": "AI安全研究者志望の大学院生です。博士号必須?",
    "fa": "من در شیراز ریاضی می‌خوانم. چگونه می‌توانم روی ایمنی هوش مصنوعی کار کنم؟",
    "ur": "میں لاہور میں استاد ہوں، مصنوعی ذہانت کی حفاظت پر کام کیسے شروع کروں؟",
    "el": "Πώς μπορώ να δουλέψω στην ασφάλεια της τεχνητής νοημοσύνης χωρίς διδακτορικό;",
    "he": "איך אפשר לעבוד בבטיחות בינה מלאכותית בלי דוקטורט?",
    "th": "ฉันเป็นครูที่เชียงใหม่ จะเริ่มทำงานด้านความปลอดภัยของเอไออย่างไร",
    "bn": "আমি ঢাকায় পদার্থবিদ্যা পড়াই। এআই নিরাপত্তায় কাজ কীভাবে শুরু করব?",
}


@pytest.mark.parametrize(("code", "asked"), ASKED.items())
def test_a_message_is_known_by_its_language(code: str, asked: str) -> None:
    assert language_of(asked) in ALIKE.get(code, {code})


@pytest.mark.parametrize("code", CODES)
def test_what_is_said_to_somebody_is_in_their_language(code: str) -> None:
    language = languages._languages()[code]

    assert language_of(f"{language.says} {language.danger}") in ALIKE.get(code, {code})
    assert language.danger not in language.says


def test_a_message_of_few_small_words_is_known_by_all_of_its_words() -> None:
    sets = Path(__file__).parents[1] / "benchmarks" / "sets"
    cases = [json.loads(line) for line in (sets / "danger_abroad_held_out.jsonl").read_text("utf-8").splitlines()]
    known = [language_of(case["question"]) != "en" for case in cases]

    assert sum(known) > 0.95 * len(cases)
    for name in ("screened", "choices"):
        lines = [json.loads(line)["question"] for line in (sets / f"{name}.jsonl").read_text("utf-8").splitlines()[::7]]
        assert sum(foreign_language(line) is not None for line in lines) < 0.004 * len(lines)


def test_no_english_message_of_the_test_set_is_taken_for_another_language() -> None:
    cases = [json.loads(line) for line in shipped_cases().read_text("utf-8").splitlines()]
    english = [case for case in cases if "language" not in case["tags"]]

    assert len(english) > 400
    assert [case["question"] for case in english if foreign_language(case["question"])] == []
