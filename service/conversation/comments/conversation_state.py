"""The conversation's part of the app's state."""

from service.conversation.comments.group_commit import GroupCommit
from service.conversation.comments.submission import SubmissionState


class ConversationState(SubmissionState, kw_only=True, frozen=True):
    """The state for comment handlers: the checks of drafts, and the queue of posts for the next transaction."""

    group_commit: GroupCommit
