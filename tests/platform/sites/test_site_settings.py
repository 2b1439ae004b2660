"""Settings on the command line: each is NAME=VALUE, and one with texts is a JSON object."""

from functools import partial

import pytest

from service.platform.sites.assign_settings import InvalidSetting, assign_settings
from service.platform.sites.site_settings import SiteSettings

change_settings = partial(assign_settings, allow_http=False)


def test_reasons_are_a_json_object() -> None:
    changed = change_settings(SiteSettings(), ('decision_reasons={"own": {"en": " It  is late. "}}', "mode=hold"))
    assert (changed.decision_reasons, changed.mode) == ({"own": {"en": "It is late."}}, "hold")
    assert change_settings(changed, ("decision_reasons={}",)).decision_reasons == {}
    for value, says in (
        ("house-rules", "decision_reasons"),
        ("[]", "decision_reasons"),
        ("null", "decision_reasons"),
        ('{"own": "No."}', "decision_reasons"),
        ('{"own": {"en": 1}}', "decision_reasons"),
        ('{"Own": {"en": "No."}}', "decision_reasons/Own: A reason's code"),
        ('{"own": {"en": ""}}', "decision_reasons/own/en: There must be something to read."),
    ):
        with pytest.raises(InvalidSetting, match=says):
            change_settings(SiteSettings(), (f"decision_reasons={value}",))
