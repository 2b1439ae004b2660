<?php
/**
 * Receive One Reply's events: the counts, the state of each thread and the newest comments.
 *
 * @package OneReply
 */

namespace OneReply;

use WP_REST_Request;
use WP_REST_Response;

const TOLERANCE = 5 * MINUTE_IN_SECONDS;

add_action( 'rest_api_init', __NAMESPACE__ . '\register_receiver' );
add_filter( 'pre_wp_update_comment_count_now', __NAMESPACE__ . '\keep_count', 10, 3 );

function register_receiver(): void {
	$route = array(
		'methods'             => 'POST',
		'callback'            => __NAMESPACE__ . '\receive',
		'permission_callback' => __NAMESPACE__ . '\is_signed',
	);
	register_rest_route( 'onereply/v1', '/webhooks', $route );
}

/** Whether One Reply has signed the request in the last minutes, as in Standard Webhooks 1.0. */
function is_signed( WP_REST_Request $request ): bool|\WP_Error {
	$id       = (string) $request->get_header( 'webhook-id' );
	$time     = (string) $request->get_header( 'webhook-timestamp' );
	$secret   = setting( 'endpoint_secret' );
	$expected = 'v1,' . signature( $secret, "$id.$time." . $request->get_body() );
	if ( '' !== $secret && ctype_digit( $time ) && abs( time() - (int) $time ) <= TOLERANCE ) {
		foreach ( explode( ' ', (string) $request->get_header( 'webhook-signature' ) ) as $signature ) {
			if ( hash_equals( $expected, $signature ) ) {
				return true;
			}
		}
	}
	return new \WP_Error( 'onereply_signature', __( 'The signature is missing, wrong or too old.', 'onereply' ), array( 'status' => 401 ) );
}

/** Store an event. Events may arrive twice and in any order: the highest position of a thread and a comment wins. */
function receive( WP_REST_Request $request ): WP_REST_Response {
	$event    = $request->get_json_params();
	$position = (int) ( $event['position'] ?? 0 );
	$thread   = $event['data']['thread'] ?? null;
	$post     = $thread && ctype_digit( $thread['article'] ) ? get_post( (int) $thread['article'] ) : null;
	if ( $post && has_thread( $post ) ) {
		if ( store_count( $post->ID, $position, (int) $thread['reply_count'] ) ) {
			follow_state( $post, $thread );
		}
		if ( isset( $event['data']['comment'] ) ) {
			store_comment( $post->ID, $position, $event['data']['comment'] );
		} elseif ( in_array( $event['type'], array( 'thread.deleted', 'thread.withdrawn' ), true ) ) {
			forget_comments( $post->ID );
		}
	}
	return new WP_REST_Response( null, 204 );
}

/** Store a thread's count unless a newer event is known; return whether it is the newest. */
function store_count( int $post_id, int $position, int $count ): bool {
	global $wpdb;
	$table  = table( 'threads' );
	$insert = "INSERT INTO $table (post_id, position, reply_count) VALUES (%d, %d, %d) ON DUPLICATE KEY UPDATE
		reply_count = IF(VALUES(position) >= position, VALUES(reply_count), reply_count), position = GREATEST(position, VALUES(position))";
	$wpdb->query( $wpdb->prepare( $insert, $post_id, $position, $count ) );
	// Themes, widgets, queries and feeds read the count from the post.
	$copy = "UPDATE $wpdb->posts p JOIN $table t ON t.post_id = p.ID SET p.comment_count = t.reply_count WHERE p.ID = %d AND p.comment_count <> t.reply_count";
	if ( $wpdb->query( $wpdb->prepare( $copy, $post_id ) ) ) {
		clean_post_cache( $post_id );
	}
	return (int) $wpdb->get_var( $wpdb->prepare( "SELECT position FROM $table WHERE post_id = %d", $post_id ) ) === $position;
}

/** WordPress counts its own comments again; One Reply's count stays. */
function keep_count( ?int $count, int $old, int $post_id ): ?int {
	global $wpdb;
	$known = $wpdb->get_var( $wpdb->prepare( 'SELECT reply_count FROM ' . table( 'threads' ) . ' WHERE post_id = %d', $post_id ) );
	return null === $known ? $count : (int) $known;
}

/**
 * Move "Allow comments" when somebody has closed or reopened the thread in One Reply; a closing time does not move it.
 *
 * What an editor has just done and One Reply does not know yet stays.
 */
function follow_state( \WP_Post $post, array $thread ): void {
	global $wpdb;
	$sent    = last_sent( $post );
	$waiting = $wpdb->get_var( $wpdb->prepare( 'SELECT id FROM ' . table( 'outbox' ) . ' WHERE post_id = %d LIMIT 1', $post->ID ) );
	$by_time = null !== $thread['closing']['at'] && $thread['closing']['at'] === $thread['closed_at'];
	$status  = 'open' === $thread['state'] ? 'open' : 'closed';
	if ( ! $sent || $waiting || $by_time || $thread['closed_by_site'] || ! $thread['comments_on'] || $status === $post->comment_status ) {
		return;
	}
	update_post_meta( $post->ID, TOOK_COMMENTS, 1 );
	update_post_meta( $post->ID, SENT, wp_slash( array( 'switch' => $status ) + $sent ) );
	set_switch( $post, $status );
}
