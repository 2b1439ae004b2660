<?php
/**
 * Go through every public post in the background: send what One Reply does not know, and fetch the counts.
 *
 * This registers older posts and tells One Reply changed permalinks, categories and closing days.
 *
 * @package OneReply
 */

namespace OneReply;

const BATCH = 100;

add_action( 'onereply_every_post', __NAMESPACE__ . '\send_posts', 10, 2 );
add_action( 'onereply_daily', __NAMESPACE__ . '\send_every_post' );
add_action( 'init', __NAMESPACE__ . '\schedule_daily' );
foreach ( array( 'permalink_structure', 'category_base', 'home', 'close_comments_for_old_posts', 'close_comments_days_old' ) as $option ) {
	add_action( "update_option_$option", __NAMESPACE__ . '\send_every_post', 10, 0 );
}
add_action( 'edited_category', __NAMESPACE__ . '\send_every_post', 10, 0 );
add_action( 'delete_category', __NAMESPACE__ . '\send_every_post', 10, 0 );

function schedule_daily(): void {
	if ( ! wp_next_scheduled( 'onereply_daily' ) ) {
		wp_schedule_event( time() + DAY_IN_SECONDS, 'daily', 'onereply_daily' );
	}
}

/** Go through all posts soon. */
function send_every_post(): void {
	if ( ! wp_next_scheduled( 'onereply_every_post' ) ) {
		wp_schedule_single_event( time(), 'onereply_every_post' );
	}
}

/** Send the posts after one, and continue in the next run of WP-Cron if there are many. */
function send_posts( int $after = 0, ?array $days_before = null ): void {
	global $wpdb;
	if ( ! is_configured() ) {
		return;
	}
	if ( null === $days_before ) {
		$days_before = get_option( 'onereply_closing_days', array() );
		update_option( 'onereply_closing_days', array_combine( post_types(), array_map( __NAMESPACE__ . '\closes_after_days', post_types() ) ), false );
	}
	$stop  = time() + 20;
	$types = "'" . implode( "','", array_map( 'esc_sql', post_types() ) ) . "'";
	do {
		$query = "SELECT ID FROM $wpdb->posts WHERE post_status = 'publish' AND post_password = '' AND post_type IN ($types) AND ID > %d ORDER BY ID LIMIT %d";
		$ids   = array_map( 'intval', $wpdb->get_col( $wpdb->prepare( $query, $after, BATCH ) ) );
		_prime_post_caches( $ids );
		foreach ( array_filter( array_map( 'get_post', $ids ) ) as $post ) {
			reopen_if_younger( $post, $days_before[ $post->post_type ] ?? 0 );
			send_changes( $post, 'article.updated', ( last_sent( $post )['switch'] ?? $post->comment_status ) !== $post->comment_status );
			$after = $post->ID;
		}
		fetch_counts( $ids );
		if ( count( $ids ) === BATCH && time() >= $stop ) {
			wp_schedule_single_event( time(), 'onereply_every_post', array( $after, $days_before ) );
			return;
		}
	} while ( count( $ids ) === BATCH );
}

/** Reopen a post that is too old under the former number of days, but no longer. */
function reopen_if_younger( \WP_Post $post, int $days_before ): void {
	$is_closed_now = is_older( $post, closes_after_days( $post->post_type ) );
	if ( 'open' === $post->comment_status && is_older( $post, $days_before ) && ! $is_closed_now ) {
		enqueue( $post->ID, 'article.updated', array( 'closed' => false ) + article_data( $post ) );
	}
}

/** Fetch the counts of posts whose events have not come, such as those of an import. */
function fetch_counts( array $ids ): void {
	global $wpdb;
	if ( ! $ids ) {
		return;
	}
	$request  = array(
		'timeout' => 5,
		'headers' => array( 'Content-Type' => 'application/json' ),
		'body'    => wp_json_encode( array( 'articles' => array_map( 'strval', $ids ) ) ),
	);
	$response = wp_remote_post( api_url( '/counts' ), $request );
	$body     = json_decode( wp_remote_retrieve_body( $response ), true );
	foreach ( $body['counts'] ?? array() as $count ) {
		if ( null !== $count['state'] ) { // Position 0: any event is newer.
			store_count( (int) $count['article'], 0, $count['reply_count'] );
		}
	}
}
