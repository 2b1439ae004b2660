"""Every table of the service, in one metadata: for migrations, which must see them all."""

from service.access import model as access
from service.comments import model as comments
from service.events import model as events
from service.moderation import model as moderation
from service.readers import model as readers
from service.sites import model as sites
from service.storage.schema import Base
from service.threads import model as threads

MODELS = (sites, access, readers, threads, comments, moderation, events)
METADATA = Base.metadata
