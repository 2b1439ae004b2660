"""Times that moderators type and read by the clock of the site."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime as format_in_words

from service.desk.frame.desk_messages import desk_messages
from service.desk.sign_in.desk_request import DeskRequest
from service.platform import clock
from service.platform.languages.messages import catalogue_for, locale_of_catalogue, localize_digits
from service.platform.problems import InvalidField
from service.platform.wire import MAX_YEAR, MIN_YEAR


def read_time(desk: DeskRequest, name: str, *, in_future: bool = False) -> datetime | None:
    """Read the field ``name``, a time by the site's clock without its zone; None if it is empty.

    Raises InvalidField, also for one that has passed if it must be ``in_future``.
    """
    typed, sentences = desk.fields.get(name, "").strip(), desk_messages(desk.locale)["form"]
    if not typed:
        return None
    try:
        local = datetime.fromisoformat(typed)
        zone = ZoneInfo(desk.site.settings.time_zone)
        instant = (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidField(sentences["no_time"], pointer=f"/{name}") from None
    if not MIN_YEAR <= instant.year <= MAX_YEAR:
        raise InvalidField(sentences["no_time"], pointer=f"/{name}")
    if in_future and instant <= clock.now():
        raise InvalidField(sentences["past"], pointer=f"/{name}")
    return instant


def by_the_clock(instant: datetime, *, time_zone: str, locale: str) -> str:
    """Write the day of the week and the time of ``instant`` as the clock of ``time_zone`` shows them."""
    name = catalogue_for(locale)
    local = instant.astimezone(ZoneInfo(time_zone))
    written: str = format_in_words(local, "EEEE HH:mm", locale=locale_of_catalogue(name))
    return localize_digits(name, f"{written} ({time_zone})")
