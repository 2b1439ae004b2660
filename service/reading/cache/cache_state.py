"""The part of the app's state that cached routes need."""

import msgspec

from service.conversation.comments.conversation_state import ConversationState
from service.reading.cache.hot_responses import HotResponses
from service.reading.cache.known_hosts import KnownHosts
from service.reading.cache.response_cache import ResponseCache


class CacheState(ConversationState, kw_only=True, frozen=True):
    """Adds the cached responses, and the hosts that cached links may name."""

    response_cache: ResponseCache
    hot_responses: HotResponses
    known_hosts: KnownHosts = msgspec.field(default_factory=KnownHosts)
