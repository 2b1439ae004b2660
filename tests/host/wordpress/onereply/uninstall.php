<?php
/**
 * Remove what the plugin has stored, when it is deleted. One Reply keeps the comments.
 *
 * @package OneReply
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

global $wpdb;

foreach ( array( 'outbox', 'threads', 'comments' ) as $onereply_table ) {
	$wpdb->query( "DROP TABLE IF EXISTS {$wpdb->prefix}onereply_$onereply_table" );
}
foreach ( array( 'onereply', 'onereply_closing_days' ) as $onereply_option ) {
	delete_option( $onereply_option );
}
foreach ( array( '_transient_onereply_', '_transient_timeout_onereply_' ) as $onereply_prefix ) {
	$wpdb->query( $wpdb->prepare( "DELETE FROM $wpdb->options WHERE option_name LIKE %s", $wpdb->esc_like( $onereply_prefix ) . '%' ) );
}
delete_post_meta_by_key( '_onereply_sent' );
delete_post_meta_by_key( '_onereply_took_comments' );
// The counts are WordPress's own again.
$wpdb->query( "UPDATE $wpdb->posts p SET comment_count = (SELECT COUNT(*) FROM $wpdb->comments c WHERE c.comment_post_ID = p.ID AND c.comment_approved = '1')" );
wp_cache_flush();
