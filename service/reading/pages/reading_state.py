"""The part of the app's state that pages, streams and the response cache need."""

from service.conversation.comments.idempotency_keys import DerivedKeys
from service.reading.pages.form_timestamps import FormTimestamps
from service.reading.streams.log_follower import StreamState


class ReadingState(StreamState, kw_only=True, frozen=True):
    """The app's state with the form timestamps and idempotency keys of the pages."""

    form_timestamps: FormTimestamps
    form_keys: DerivedKeys
