"""Erase a reader: a page says what will go, and an admin confirms it."""

from starlette.responses import Response

from service.desk.readers.reader_page import reader_id_of
from service.desk.sign_in.desk_request import DeskRequest
from service.moderation.erasure.erase_reader import count_comments, erase_reader
from service.moderation.measures.reader_history import get_reader_history
from service.platform.http.app_state import gate_of


async def get_erasure(desk: DeskRequest) -> Response:
    """Send the page that says what an erasure does."""
    reader_id = reader_id_of(desk)
    async with desk.database.read() as connection:
        reader = await get_reader_history(connection, desk.site, reader_id)
        count = await count_comments(connection, desk.site, reader_id)
    return desk.page("erasure.html", reader=reader, count=count)


async def send_erasure(desk: DeskRequest) -> Response:
    """Erase the reader, and go back to what is left of them."""
    reader_id = reader_id_of(desk)
    await erase_reader(desk.database, gate_of(desk.request).fingerprints, desk.site, reader_id, by=desk.caller.actor)
    return desk.see_other(desk.path(f"readers/{reader_id}"), said="erased")
