"""The form that claims the comments of a page, so that no other moderator reviews them meanwhile."""

from uuid import UUID

from starlette.responses import Response

from service.conversation.comments.comment_lookup import lock_comments
from service.desk.sign_in.desk_request import DeskRequest
from service.moderation.queue.claims import claim, release_all
from service.platform import clock
from service.platform.problems import InvalidField


async def send_claims(desk: DeskRequest) -> Response:
    """Claim the comments of the form that nobody else has claimed, or release all claims of this moderator."""
    by = desk.session.moderator_id
    async with desk.database.write() as connection:
        if desk.fields.get("claim") == "release":
            await release_all(connection, by=by)
        else:
            found = await lock_comments(connection, desk.site, _ids(desk))
            own = [id_ for id_, (_, thread) in found.items() if desk.caller.moderates(thread.section)]
            await claim(connection, own, by=by, now=clock.now())
    return desk.see_other(desk.fields.get("next", ""))


def _ids(desk: DeskRequest) -> list[UUID]:
    try:
        return [UUID(each) for each in desk.fields.all("comment")]
    except ValueError:
        raise InvalidField("Each comment is named by its id.", pointer="/comment") from None
