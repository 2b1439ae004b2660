"""The demo's review queue: comments held by different rules, reported and appealed, made by calls of the API."""

from typing import Any

import httpx2

from service.app import App
from service.cli.demo_threads import SITE

ARTICLE = "school-meals"
RULES = {
    "hold_words": ["swindle", "idiot*", "casino"],
    "max_links": 2,
    "max_length": 700,
    "max_capitals_percent": 60,
    "max_repeated_characters": 6,
    "duplicates": "hold",
    "classifier": "hold",
    "shadow": ["classifier", "max_length"],
}
LONG = (
    "I have cooked in a school for nineteen years, and nobody has asked me, so I will say it here. A meal that "
    "children eat costs more than a meal that they leave. "
)
# Author, text: each is held by another rule.
HELD: tuple[tuple[str, str], ...] = (
    ("Gregor Hauff", "Free? Somebody pays. This is a **swindle** of the taxpayer, and we all know who signed it."),
    (
        "Best Loans 24",
        "Money today! https://loans.example/now https://loans.example/fast https://loans.example/ref?id=77 Ask me how.",
    ),
    ("Petra", "ELEVEN YEARS OF PROMISES AND NOW THEY WANT APPLAUSE FOR SOUP"),
    ("Sam", "Nooooooooooo, not fish on Mondays again"),
    ("Casino Bonus Club", "Very good article, thank you for sharing."),
    ("Lena K.", "Who thought of this? Idiots, all of them, and I was on the school board."),
)


async def load_queue(app: App, *, host_key: str, moderator_key: str) -> None:
    """Fill the queue of the demo with a dozen comments."""
    async with _client(app, "192.0.2.9") as client:
        await _Demo(app, client, host_key, moderator_key).fill()


def _client(app: App, address: str) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=app, client=(address, 443))
    return httpx2.AsyncClient(transport=transport, base_url=f"http://demo.local/v1/sites/{SITE}")


class _Demo:
    """Calls the API as the host or as a moderator; a call that fails stops the demo."""

    def __init__(self, app: App, client: httpx2.AsyncClient, host_key: str, moderator_key: str) -> None:
        self._app, self._client, self._host, self._moderator = app, client, host_key, moderator_key

    async def fill(self) -> None:
        fields = {
            "title": "School meals to be free from January",
            "url": f"https://gazette.example/{ARTICLE}",
            "section": "politics",
        }
        await self._call("PUT", f"/threads/{ARTICLE}", self._host, fields)
        await self._call("PUT", "/rules", self._moderator, RULES)
        first = await self._post("Amina Yusuf", "My two children will eat at the same table as all the others.")
        await self._post("Jonas", "And who washes up? The same two people as before.", below=first)
        for name, body in HELD:
            await self._post(name, body)
        await self._post("Lena K.", "Idiots may answer too, of course.", below=first)
        await self._post("Jonas B.", "And who washes up? The same two people as before.")
        await self._post("A cook", LONG * 6)
        await self._reword()
        await self._report()
        await self._appeal()

    async def _reword(self) -> None:
        """A comment that was published, until its author edited it."""
        body = "The list of suppliers is public. Read page four."
        posted = await self._posted("Ines", body)
        edited = {"body": "The list of suppliers is public. Read page four: it is a swindle."}
        await self._call("PATCH", f"/comments/{posted['comment']['id']}", posted["author_token"], edited)

    async def _report(self) -> None:
        rude = await self._post("Tom Okafor", "Go back to your own kitchen, Amina.")
        await self._report_from("192.0.2.1", rude, "abuse", "He follows her under every article.")
        await self._report_from("192.0.2.2", rude, "off-topic", None)
        address = await self._post("Mireille Dubois", "Tell the minister yourself: he lives in Mill Lane, number 4.")
        await self._report_from("192.0.2.3", address, "personal-data", "A private address.")

    async def _report_from(self, address: str, comment: str, reason: str, note: str | None) -> None:
        """Report a comment as a reader with an address of their own: each reader can report a comment once."""
        body = {"reason": reason, "note": note}
        async with _client(self._app, address) as client:
            (await client.post(f"/comments/{comment}/reports", json=body)).raise_for_status()

    async def _appeal(self) -> None:
        body = "In my day a school meal was bread and an argument."
        posted = await self._posted("Walter", body)
        comment = {"id": posted["comment"]["id"], "revision": posted["comment"]["revision"]}
        decision = {"action": "reject", "comments": [comment], "reason": "off-topic"}
        await self._call("POST", "/decisions", self._moderator, decision)
        note = {"note": "It is about school meals. It is also a joke."}
        await self._call("POST", f"/comments/{comment['id']}/appeal", posted["author_token"], note)

    async def _post(self, name: str, body: str, *, below: str | None = None) -> str:
        return str((await self._posted(name, body, below=below))["comment"]["id"])

    async def _posted(self, name: str, body: str, *, below: str | None = None) -> dict[str, Any]:
        fields = {"author": {"name": name}, "body": body, "parent_id": below}
        return await self._call("POST", f"/threads/{ARTICLE}/comments", self._host, fields)

    async def _call(self, method: str, path: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self._client.request(method, path, json=body, headers={"Authorization": f"Bearer {key}"})
        answer.raise_for_status()
        content: dict[str, Any] = answer.json() if answer.content else {}
        return content
