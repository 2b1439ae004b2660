"""The moderators' desk: pages under ``/desk`` for people who review comments and run a site.

*Why a wing of its own*: the desk shows what all the wings do, webhooks and settings included, so it stands above them.
It decides nothing itself. Each page calls the same functions as the API.
"""
