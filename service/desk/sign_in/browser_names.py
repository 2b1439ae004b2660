"""What people call a browser, from its ``User-Agent`` (RFC 9110, section 10.1.5). Pure."""

# The first that fits counts: others name Chrome and Safari too, and Android names Linux.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
MAX_OTHER = 40


def browser_name(user_agent: str | None) -> str:
    """Return a name such as “Firefox, Linux”; of other programs the beginning of what they call themselves."""
    given = user_agent or ""
    browser = next((name for mark, name in _BROWSERS if mark in given), "")
    system = next((name for mark, name in _SYSTEMS if mark in given), "")
    return ", ".join(filter(None, (browser, system))) or given.partition(" ")[0][:MAX_OTHER]
