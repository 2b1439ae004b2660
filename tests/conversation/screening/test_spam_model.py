"""A classifier counts what it is taught, forgets it without a trace, and says nothing before it has seen enough."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.conversation.screening.findings import Rule
from service.conversation.screening.rule_set import DraftText, make_draft_text
from service.conversation.screening.spam_features import features_of
from service.conversation.screening.spam_model import (
    MIN_LESSONS,
    SPAM_THRESHOLD,
    Learned,
    SpamModel,
    find_spam,
    model_of,
)
from tests.bench.classifying import area, by_video, five_folds, labelled
from tests.samples import real_data

LESSONS = st.lists(st.tuples(st.sets(st.sampled_from("abcdef")), st.booleans()), max_size=12)


def of(body: str, *, name: str = "Ada", links: str = "") -> DraftText:
    html = f'<p>{body}</p><a href="{links}"></a>'
    return make_draft_text(author_name=name, author_url=None, body=body, html=html)


def taught(lessons: list[tuple[set[str], bool]]) -> Learned:
    learned = Learned()
    for features, spam in lessons:
        learned.learn(features, spam=spam)
    return learned


def a_model(*, spam: int = MIN_LESSONS, other: int = MIN_LESSONS) -> SpamModel:
    """One that has seen some spam for a channel and some praise."""
    learned = Learned()
    for number in range(spam):
        learned.learn(features_of(of(f"Subscribe to my channel number {number}!")).all, spam=True)
    for number in range(other):
        learned.learn(features_of(of(f"A fine account of the talks on day {number}.")).all, spam=False)
    return SpamModel(learned)


@given(LESSONS, st.data())
def test_a_lesson_taken_back_is_as_if_it_had_never_been_given(
    lessons: list[tuple[set[str], bool]], data: st.DataObject
) -> None:
    kept = data.draw(st.lists(st.booleans(), min_size=len(lessons), max_size=len(lessons)))
    learned = taught(lessons)
    for (features, spam), keep in zip(lessons, kept, strict=True):
        if not keep:
            learned.unlearn(features, spam=spam)
    assert learned == taught([lesson for lesson, keep in zip(lessons, kept, strict=True) if keep])


@given(LESSONS, st.data())
def test_lessons_teach_the_same_in_any_order(lessons: list[tuple[set[str], bool]], data: st.DataObject) -> None:
    assert taught(data.draw(st.permutations(lessons))) == taught(lessons)


@given(LESSONS)
def test_what_was_learned_is_kept_as_it_is(lessons: list[tuple[set[str], bool]]) -> None:
    learned = taught(lessons)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(learned), type=Learned) == learned


def test_nothing_is_said_before_twenty_of_each_kind() -> None:
    few = [({"a"}, True)] * MIN_LESSONS + [({"b"}, False)] * (MIN_LESSONS - 1)
    assert model_of(taught(few)) is None
    assert model_of(taught([*few, ({"b"}, False)])) is not None
    assert find_spam(None, of("Subscribe to my channel"), action="hold") is None


def test_spam_is_found_and_told_by_its_strongest_words_as_they_were_written() -> None:
    finding = find_spam(a_model(), of("Hey all, SUBSCRIBE to my Chаnnel"), action="spam")  # with a Cyrillic а
    assert finding is not None and (finding.rule, finding.action) == (Rule.CLASSIFIER, "spam")
    assert (finding.matched or "").split(", ")[:2] == ["SUBSCRIBE", "Chаnnel"]
    assert find_spam(a_model(), of("A fine account."), action="spam") is None


def test_the_host_of_a_link_is_a_word_too() -> None:
    learned = Learned()
    for host, spam in (("pills.example", True), ("gazette.example", False)):
        for _ in range(MIN_LESSONS):
            learned.learn(features_of(of("Look", links=f"https://{host}/")).all, spam=spam)
    draft = of("Look", links="https://pills.example/cheap")
    assert SpamModel(learned).strongest(draft, features_of(draft)) == ["pills.example"]


def test_what_nobody_has_judged_yet_is_no_spam_however_much_spam_there_was() -> None:
    for spam, other in ((MIN_LESSONS, 400), (400, MIN_LESSONS)):
        model = a_model(spam=spam, other=other)
        assert model.probability(frozenset({"never", "seen"})) == 0.5
        assert model.probability(features_of(of("Who was at the conference?")).all) < SPAM_THRESHOLD


@given(st.text(max_size=200).map(lambda text: (text * 10_000)[:10_000]), st.text(max_size=100))
def test_the_features_of_what_is_long_are_few_and_short(body: str, name: str) -> None:
    features = features_of(of(body, name=name)).all
    assert len(features) <= 2_000
    assert max(map(len, features)) <= 110


@given(st.text(max_size=50))
def test_nobody_can_write_what_is_no_word_of_the_text(body: str) -> None:
    by_text = {feature for feature in features_of(of(body, name="")).all if not feature.startswith("\t#")}
    assert not any("\t" in feature for feature in by_text)


def test_a_word_dressed_up_has_the_same_features() -> None:
    plain, dressed = features_of(of("free channel")), features_of(of("ｆrее chаnnel"))
    assert plain.words == dressed.words
    assert plain.all == dressed.all


@pytest.mark.slow
def test_the_classifier_tells_real_spam() -> None:
    """What it is held to: 0.99 where it has learned comments of the same video, 0.97 where it has not."""
    real_data("spam/youtube-Psy.csv")
    comments = labelled()
    assert area(five_folds(comments)) >= 0.99
    areas = [area(scored) for scored in by_video(comments).values()]
    assert sum(areas) / len(areas) >= 0.97
