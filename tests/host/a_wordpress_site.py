"""Run Debian's WordPress with its own MariaDB and PHP's web server; act as its editor and as a reader."""

import asyncio
import json
import os
import re
import shutil
import subprocess
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.installing import debian_program, run

WORDPRESS = Path("/usr/share/wordpress")
PLUGIN = Path(__file__).parent / "wordpress" / "onereply"
PACKAGES = [
    *("wordpress", "wordpress-theme-twentytwentyone", "wordpress-theme-twentytwentythree"),
    *("mariadb-server", "php-cli", "php-curl", "php-mysql", "php-xml"),
]
RUNNING = re.compile(r"Development Server \((http://[\d.:]+)\) started")
EDITOR, PASSWORD = "maria", "nine trams to the depot"
CLASSIC, BLOCK = "twentytwentyone", "twentytwentythree"
CONFIGURATION = """<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:{folder}/socket');
define('WP_HOME', 'http://' . $_SERVER['HTTP_HOST']);
define('WP_SITEURL', WP_HOME);
define('WP_DEBUG', true);
define('WP_DEBUG_DISPLAY', false);
define('WP_DEBUG_LOG', '{folder}/debug.log');
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('WP_ACCESSIBLE_HOSTS', '127.0.0.1');
foreach (array('AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'NONCE_SALT') as $name)
    define($name, 'a test has no secrets: ' . $name);
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
"""
# Themes show counts in different places: here they are below the front page. No request to One Reply is cut short, so
# that whoever waits for it is seen to wait.
EXTRAS = """<?php
add_filter('http_request_args', fn ($args) => array('timeout' => $args['blocking'] ? 60 : $args['timeout']) + $args);
add_action('wp_footer', function () {
    rewind_posts();
    while (is_home() && have_posts()) { the_post(); comments_number(); }
}, 1);
"""
INSTALL = """
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter('pre_wp_mail', '__return_true');
wp_install('The Gazette', %s, 'maria@gazette.example', true, '', %s);
$GLOBALS['wp_rewrite']->set_permalink_structure('/%%postname%%/');
flush_rewrite_rules();
require_once ABSPATH . 'wp-admin/includes/plugin.php';
activate_plugin('onereply/onereply.php');
update_user_meta(1, 'wp_persisted_preferences', array('core/edit-post' => array(
    'welcomeGuide' => false, 'openPanels' => array('post-status', 'discussion-panel'))));
"""


@dataclass(frozen=True)
class WordPressSite:
    """The site's URL, its folder, its log, and clients of a reader and of its logged-in editor."""

    url: str
    folder: Path
    log: list[str]
    reader: httpx2.AsyncClient
    editor: httpx2.AsyncClient

    async def php(self, code: str) -> Any:
        """Run ``code`` in WordPress; return what it returns, as JSON."""
        return await asyncio.to_thread(_php, self.folder, code, self.url)

    async def use(self, theme: str) -> None:
        """Show the site in a theme."""
        await self.php(f"switch_theme('{theme}');")

    async def add_post(self, slug: str, title: str, **fields: str) -> int:
        """Publish a post as an editor does by the REST API, which the block editor uses; return its id."""
        post = {"title": title, "slug": slug, "content": "The text.", "status": "publish", **fields}
        return int((await self.rest("POST", "/wp/v2/posts", post))["id"])

    async def change(self, post: int, **fields: str) -> None:
        """Change a post as an editor."""
        await self.rest("POST", f"/wp/v2/posts/{post}", fields)

    async def rest(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call WordPress's REST API as the editor."""
        answer = await self.editor.request(method, f"/wp-json{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def page(self, path: str) -> str:
        """The HTML of a page for readers."""
        return (await self.reader.get(path, follow_redirects=True)).raise_for_status().text

    async def send_again(self) -> None:
        """Run WP-Cron's task as if the pause after a failure were over."""
        await self.php(
            "global $wpdb; $wpdb->query('UPDATE ' . OneReply\\table('outbox') . ' SET next_attempt = 0');"
            "do_action('onereply_send');"
        )

    async def run_due(self) -> None:
        """Run the tasks of WP-Cron that are due."""
        await self.php("define('DOING_CRON', true); foreach (wp_get_ready_cron_jobs() as $time => $hooks)"
            "foreach ($hooks as $hook => $events) foreach ($events as $event)"
            "{ if (!$event['schedule']) wp_unschedule_event($time, $hook, $event['args']);"
            "do_action_ref_array($hook, $event['args']); }")  # fmt: skip

    def waiting(self) -> list[dict[str, Any]]:
        """The events in the outbox."""
        rows: list[dict[str, Any]] = _php(
            self.folder,
            "global $wpdb; return $wpdb->get_results('SELECT * FROM ' . OneReply\\table('outbox'));",
            self.url,
        )
        return rows


@asynccontextmanager
async def a_wordpress_site(folder: Path) -> AsyncIterator[WordPressSite]:
    """Install WordPress and the plugin in ``folder`` and serve it, until the end of the block."""
    php = debian_program("php", PACKAGES)
    for file in ("/usr/sbin/mariadbd", f"{WORDPRESS}/wp-load.php", *_themes()):
        debian_program(file, PACKAGES)
    shutil.copytree(WORDPRESS, folder / "site", ignore=shutil.ignore_patterns("wp-includes"))
    (folder / "site/wp-includes").symlink_to(WORDPRESS / "wp-includes")
    shutil.copytree(PLUGIN, folder / "site/wp-content/plugins/onereply")
    (folder / "site/wp-content/mu-plugins").mkdir()
    (folder / "site/wp-content/mu-plugins/extras.php").write_text(EXTRAS)
    (folder / "site/wp-config.php").write_text(CONFIGURATION.format(folder=folder))
    with mariadb(folder):
        command = (php, "-d", "opcache.enable=1", "-S", "127.0.0.1:0", "-t", str(folder / "site"))
        environment = {**os.environ, "PHP_CLI_SERVER_WORKERS": "6"}
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdout=PIPE, stderr=STDOUT, start_new_session=True
        )
        address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        log: list[str] = []
        reading = asyncio.create_task(_read(process, log, address))
        try:
            url = await address
            await asyncio.to_thread(
                _php, folder, INSTALL % (json.dumps(EDITOR), json.dumps(PASSWORD)), url, installing=True
            )
            async with httpx2.AsyncClient(base_url=url, timeout=30) as reader, _editor(url) as editor:
                yield WordPressSite(url, folder, log, reader, editor)
        finally:
            os.killpg(process.pid, 15)  # the server and its workers
            await process.wait()
            await reading


def _themes() -> list[str]:
    return [f"{WORDPRESS}/wp-content/themes/{theme}/style.css" for theme in (CLASSIC, BLOCK)]


@contextmanager
def mariadb(folder: Path) -> Iterator[None]:
    """A MariaDB with an empty database ``wordpress``, on a socket in ``folder``."""
    data, socket = f"--datadir={folder}/database", f"--socket={folder}/socket"
    user = ("--user=root",) if os.geteuid() == 0 else ()
    run(
        (
            "mariadb-install-db",
            "--no-defaults",
            data,
            *user,
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        )
    )
    (folder / "first.sql").write_text("CREATE DATABASE wordpress;\n")
    command = ("/usr/sbin/mariadbd", "--no-defaults", data, socket, *user, "--skip-networking")
    own = (f"--pid-file={folder}/pid", f"--init-file={folder}/first.sql", f"--log-error={folder}/mariadb.log")
    process = subprocess.Popen([*command, *own])
    try:
        run(("mariadb-admin", "--no-defaults", socket, "-uroot", "--wait=30", "--connect-timeout=30", "ping"))
        yield
    finally:
        process.terminate()
        process.wait(30)


def _php(folder: Path, code: str, url: str, *, installing: bool = False) -> Any:
    begin = "define('WP_INSTALLING', true);" if installing else ""
    script = f"{begin} require '{folder}/site/wp-load.php'; echo \"\\n\", json_encode((function () {{ {code} }})());"
    out = run(("php", "-d", "display_errors=stderr", "-r", script), HTTP_HOST=url.removeprefix("http://"))
    return json.loads(out.rpartition("\n")[2])


@asynccontextmanager
async def _editor(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that is logged in, with the nonce of the REST API."""
    async with httpx2.AsyncClient(base_url=url, timeout=30) as editor:
        await editor.get("/wp-login.php")
        fields = {"log": EDITOR, "pwd": PASSWORD, "testcookie": "1"}
        assert (await editor.post("/wp-login.php", data=fields)).status_code == 302
        nonce = (await editor.get("/wp-admin/admin-ajax.php?action=rest-nonce")).text
        editor.headers["X-WP-Nonce"] = nonce
        yield editor


async def _read(process: Process, log: list[str], address: asyncio.Future[str]) -> None:
    assert process.stdout
    async for line in process.stdout:
        log.append(line.decode(errors="replace"))
        if (match := RUNNING.search(log[-1])) and not address.done():
            address.set_result(match[1])
    if not address.done():
        address.set_exception(RuntimeError(f"PHP did not start: {''.join(log)}"))
