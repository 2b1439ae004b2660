"""The spam filter counts its training examples, removes them without a trace, and needs enough of them to find spam."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.conversation.screening.findings import Rule
from service.conversation.screening.rule_set import DraftText, make_draft_text
from service.conversation.screening.spam_features import features_of
from service.conversation.screening.spam_model import (
    MIN_EXAMPLES,
    SPAM_THRESHOLD,
    FeatureCounts,
    SpamModel,
    build_model,
    find_spam,
)
from tests.bench.classifying import area, by_video, five_folds, labelled
from tests.samples import real_data

EXAMPLES = st.lists(st.tuples(st.sets(st.sampled_from("abcdef")), st.booleans()), max_size=12)


def of(body: str, *, name: str = "Ada", links: str = "") -> DraftText:
    html = f'<p>{body}</p><a href="{links}"></a>'
    return make_draft_text(author_name=name, author_url=None, body=body, html=html)


def counts_from(examples: list[tuple[set[str], bool]]) -> FeatureCounts:
    counts = FeatureCounts()
    for features, spam in examples:
        counts.learn(features, spam=spam)
    return counts


def a_model(*, spam: int = MIN_EXAMPLES, other: int = MIN_EXAMPLES) -> SpamModel:
    """A model trained on spam for a channel and on praise."""
    counts = FeatureCounts()
    for number in range(spam):
        counts.learn(features_of(of(f"Subscribe to my channel number {number}!")).all, spam=True)
    for number in range(other):
        counts.learn(features_of(of(f"A fine account of the talks on day {number}.")).all, spam=False)
    return SpamModel(counts)


@given(EXAMPLES, st.data())
def test_a_removed_example_leaves_no_trace(examples: list[tuple[set[str], bool]], data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.booleans(), min_size=len(examples), max_size=len(examples)))
    counts = counts_from(examples)
    for (features, spam), keep in zip(examples, kept, strict=True):
        if not keep:
            counts.unlearn(features, spam=spam)
    assert counts == counts_from([example for example, keep in zip(examples, kept, strict=True) if keep])


@given(EXAMPLES, st.data())
def test_examples_give_the_same_counts_in_any_order(examples: list[tuple[set[str], bool]], data: st.DataObject) -> None:
    assert counts_from(data.draw(st.permutations(examples))) == counts_from(examples)


@given(EXAMPLES)
def test_counts_survive_encoding_and_decoding(examples: list[tuple[set[str], bool]]) -> None:
    counts = counts_from(examples)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(counts), type=FeatureCounts) == counts


def test_there_is_no_model_before_twenty_examples_of_each_kind() -> None:
    few = [({"a"}, True)] * MIN_EXAMPLES + [({"b"}, False)] * (MIN_EXAMPLES - 1)
    assert build_model(counts_from(few)) is None
    assert build_model(counts_from([*few, ({"b"}, False)])) is not None
    assert find_spam(None, of("Subscribe to my channel"), action="hold") is None


def test_a_finding_names_the_words_with_the_highest_weights_as_they_were_written() -> None:
    finding = find_spam(a_model(), of("Hey all, SUBSCRIBE to my Chаnnel"), action="spam")  # with a Cyrillic а
    assert finding is not None and (finding.rule, finding.action) == (Rule.CLASSIFIER, "spam")
    assert (finding.matched or "").split(", ")[:2] == ["SUBSCRIBE", "Chаnnel"]
    assert find_spam(a_model(), of("A fine account."), action="spam") is None


def test_the_host_of_a_link_is_a_feature() -> None:
    counts = FeatureCounts()
    for host, spam in (("pills.example", True), ("gazette.example", False)):
        for _ in range(MIN_EXAMPLES):
            counts.learn(features_of(of("Look", links=f"https://{host}/")).all, spam=spam)
    draft = of("Look", links="https://pills.example/cheap")
    assert SpamModel(counts).strongest(draft, features_of(draft)) == ["pills.example"]


def test_unknown_features_are_no_spam_whatever_the_share_of_spam_examples() -> None:
    for spam, other in ((MIN_EXAMPLES, 400), (400, MIN_EXAMPLES)):
        model = a_model(spam=spam, other=other)
        assert model.probability(frozenset({"never", "seen"})) == 0.5
        assert model.probability(features_of(of("Who was at the conference?")).all) < SPAM_THRESHOLD


@given(st.text(max_size=200).map(lambda text: (text * 10_000)[:10_000]), st.text(max_size=100))
def test_a_long_text_has_few_and_short_features(body: str, name: str) -> None:
    features = features_of(of(body, name=name)).all
    assert len(features) <= 2_000
    assert max(map(len, features)) <= 110


@given(st.text(max_size=50))
def test_no_author_can_type_a_feature_that_is_no_word_of_the_text(body: str) -> None:
    by_text = {feature for feature in features_of(of(body, name="")).all if not feature.startswith("\t#")}
    assert not any("\t" in feature for feature in by_text)


def test_a_disguised_word_has_the_same_features() -> None:
    plain, disguised = features_of(of("free channel")), features_of(of("ｆrее chаnnel"))
    assert plain.words == disguised.words
    assert plain.all == disguised.all


@pytest.mark.slow
def test_the_filter_finds_real_spam() -> None:
    """Area under the curve: at least 0.99 after training on the same video, 0.97 without."""
    real_data("spam/youtube-Psy.csv")
    comments = labelled()
    assert area(five_folds(comments)) >= 0.99
    areas = [area(scored) for scored in by_video(comments).values()]
    assert sum(areas) / len(areas) >= 0.97
