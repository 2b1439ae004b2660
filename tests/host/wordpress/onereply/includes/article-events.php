<?php
/**
 * Tell One Reply what editors do to posts.
 *
 * @package OneReply
 */

namespace OneReply;

use WP_Post;

// What One Reply was last told of a post, so that only changes are sent.
const SENT = '_onereply_sent';

add_action( 'wp_after_insert_post', __NAMESPACE__ . '\after_insert', 10, 4 );
add_action( 'deleted_post', __NAMESPACE__ . '\after_delete', 10, 2 );

function after_insert( int $id, WP_Post $post, bool $update, ?WP_Post $before ): void {
	$was_public = is_public( $before );
	if ( is_public( $post ) ) {
		wp_cache_delete( $id, 'post_meta' ); // One Reply may have moved the switch while the post was being saved.
		$known    = last_sent( $post )['switch'] ?? null;
		$former   = $was_public ? $before->comment_status : $known ?? $before->comment_status ?? $post->comment_status;
		$switched = $former !== $post->comment_status;
		if ( $was_public && ! $switched && $known ) {
			set_switch( $post, $known );
		}
		send_changes( $post, $was_public ? 'article.updated' : 'article.published', $switched );
		if ( $was_public && $before->post_name . $before->post_parent !== $post->post_name . $post->post_parent && is_post_type_hierarchical( $post->post_type ) ) {
			send_every_post(); // The pages below it have new permalinks.
		}
	} elseif ( $was_public ) {
		enqueue( $id, 'article.withdrawn', array() );
	}
}

/** What One Reply was last told of a post; empty if nothing. */
function last_sent( WP_Post $post ): array {
	$sent = get_post_meta( $post->ID, SENT, true );
	return is_array( $sent ) ? $sent : array();
}

/** Set "Allow comments" to what One Reply has, without an event. */
function set_switch( WP_Post $post, string $status ): void {
	global $wpdb;
	if ( $status !== $post->comment_status ) {
		$post->comment_status = $status;
		$wpdb->update( $wpdb->posts, array( 'comment_status' => $status ), array( 'ID' => $post->ID ) );
		clean_post_cache( $post->ID );
	}
}

function after_delete( int $id, WP_Post $post ): void {
	if ( has_thread( $post ) ) {
		enqueue( $id, 'article.deleted', array() );
		forget_post( $id );
	}
}

/**
 * Send what changed of a public post; everything if it has just been published.
 *
 * "Allow comments" is the editor's switch: a thread that has taken comments is closed and reopened by it. It is sent
 * only when it moves, because it also undoes what a moderator did before.
 */
function send_changes( WP_Post $post, string $type, bool $switched = false ): void {
	$state = comments_state( $post );
	$data  = article_data( $post );
	$sent  = last_sent( $post );
	$changes = 'article.published' === $type ? $data : array_filter( $data, fn ( $value, $name ) => ( $sent[ $name ] ?? null ) !== $value || ! $sent, ARRAY_FILTER_USE_BOTH );
	if ( 'closed' === $state && ( $switched || ! $sent ) ) {
		$changes['closed'] = true;
	} elseif ( 'open' === $state && $switched ) {
		$changes['closed'] = false;
	}
	if ( 'open' === $state && ! get_post_meta( $post->ID, TOOK_COMMENTS, true ) ) {
		update_post_meta( $post->ID, TOOK_COMMENTS, 1 );
	}
	if ( $changes ) {
		update_post_meta( $post->ID, SENT, wp_slash( $data + array( 'switch' => $post->comment_status ) ) );
		enqueue( $post->ID, $type, $changes + array( 'title' => $data['title'] ) );
	}
}
