<?php
/**
 * Plugin Name: One Reply
 * Description: Shows One Reply's threads under your posts, instead of WordPress's comments.
 * Version: 1.0
 * Requires at least: 6.1
 * Requires PHP: 8.0
 * License: MIT
 * Text Domain: onereply
 *
 * The article's id is the post's number. A post's changes go to One Reply as signed article events, in the background
 * (outbox.php); One Reply's events come back by signed webhooks (webhooks.php).
 *
 * @package OneReply
 */

namespace OneReply;

defined( 'ABSPATH' ) || exit;

const FILE = __FILE__;

foreach ( array( 'settings', 'tables', 'posts', 'outbox', 'article-events', 'every-post', 'theme', 'doors', 'webhooks', 'recent-comments', 'sign-in', 'admin', 'settings-page', 'status' ) as $file ) {
	require_once __DIR__ . "/includes/$file.php";
}

register_activation_hook( FILE, __NAMESPACE__ . '\activate' );
register_deactivation_hook( FILE, __NAMESPACE__ . '\deactivate' );

/** Create the tables, and send all posts. */
function activate(): void {
	create_tables();
	send_every_post();
}

/** Stop the background work; the tables and the settings stay until the plugin is deleted. */
function deactivate(): void {
	foreach ( array( 'onereply_send', 'onereply_every_post', 'onereply_daily' ) as $hook ) {
		wp_unschedule_hook( $hook );
	}
}
