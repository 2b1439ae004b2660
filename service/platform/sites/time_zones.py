"""Time zones of sites: names of the IANA database, as Python's ``zoneinfo`` has them.

The package ``tzdata`` brings the database to systems without one, such as small container images.
"""

from functools import lru_cache
from zoneinfo import available_timezones

TIME_ZONE_FORMAT = "“time_zone” must be a name of the IANA time zone database, such as “Europe/Berlin” or “UTC”."


@lru_cache
def is_time_zone(name: str) -> bool:
    """Whether ``name`` is a time zone of the IANA database."""
    return name in available_timezones()
