<?php
/**
 * The plugin's three tables.
 *
 * @package OneReply
 */

namespace OneReply;

/** The name of a table: outbox, threads or comments. */
function table( string $name ): string {
	global $wpdb;
	return $wpdb->prefix . "onereply_$name";
}

/** Create the tables, or bring them up to date. */
function create_tables(): void {
	global $wpdb;
	require_once ABSPATH . 'wp-admin/includes/upgrade.php';
	$charset = $wpdb->get_charset_collate();
	// Article events that One Reply has not accepted yet; times are Unix times.
	dbDelta(
		'CREATE TABLE ' . table( 'outbox' ) . " (
		id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
		post_id bigint(20) unsigned NOT NULL,
		body longtext NOT NULL,
		attempts int NOT NULL DEFAULT 0,
		next_attempt bigint(20) NOT NULL,
		rejected tinyint(1) NOT NULL DEFAULT 0,
		error varchar(500) NOT NULL DEFAULT '',
		PRIMARY KEY  (id),
		KEY due (rejected, next_attempt)
		) $charset;"
	);
	// What One Reply's events say of each post's thread; the highest position wins.
	dbDelta(
		'CREATE TABLE ' . table( 'threads' ) . " (
		post_id bigint(20) unsigned NOT NULL,
		position bigint(20) unsigned NOT NULL,
		reply_count bigint(20) NOT NULL,
		PRIMARY KEY  (post_id)
		) $charset;"
	);
	// The newest comments, for widgets, and those that wait for a moderator, to count them.
	dbDelta(
		'CREATE TABLE ' . table( 'comments' ) . " (
		comment_id char(36) NOT NULL,
		post_id bigint(20) unsigned NOT NULL,
		position bigint(20) unsigned NOT NULL,
		state varchar(10) NOT NULL,
		author varchar(100) NOT NULL DEFAULT '',
		url varchar(2000) NOT NULL DEFAULT '',
		excerpt text NOT NULL,
		created_at datetime NOT NULL,
		PRIMARY KEY  (comment_id),
		KEY newest (state, created_at),
		KEY of_post (post_id)
		) $charset;"
	);
}
