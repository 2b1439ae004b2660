<?php
/**
 * Which posts have threads, and what One Reply is told of them.
 *
 * @package OneReply
 */

namespace OneReply;

use WP_Post;

// Set when a post has taken comments: from then on its thread is open or closed, and never off.
const TOOK_COMMENTS = '_onereply_took_comments';

/** Whether the post's type has threads. */
function has_thread( ?WP_Post $post ): bool {
	return $post && in_array( $post->post_type, post_types(), true ) && post_type_supports( $post->post_type, 'comments' );
}

/** Whether readers may see the thread; posts with a password have none. */
function is_public( ?WP_Post $post ): bool {
	return has_thread( $post ) && 'publish' === $post->post_status && '' === $post->post_password;
}

/** Whether readers see a thread: the post is public, and it takes comments or has taken some. */
function shows_thread( ?WP_Post $post ): bool {
	return is_configured() && is_public( $post ) && 'off' !== comments_state( $post );
}

/** The comments of a post: open, closed, or off if it never took any. */
function comments_state( WP_Post $post ): string {
	if ( 'open' === $post->comment_status ) {
		return 'open';
	}
	return $post->comment_count > 0 || get_post_meta( $post->ID, TOOK_COMMENTS, true ) ? 'closed' : 'off';
}

/** After how many days WordPress closes the comments of a post of this type; 0 for never (Settings → Discussion). */
function closes_after_days( string $post_type ): int {
	$types = apply_filters( 'close_comments_for_post_types', array( 'post' ) ); // phpcs:ignore WordPress.NamingConventions -- WordPress's own filter.
	return get_option( 'close_comments_for_old_posts' ) && in_array( $post_type, $types, true ) ? (int) get_option( 'close_comments_days_old' ) : 0;
}

/** Whether a post is older than a number of days; 0 is no limit. */
function is_older( WP_Post $post, int $days ): bool {
	return $days > 0 && time() >= get_post_time( 'U', true, $post ) + $days * DAY_IN_SECONDS;
}

/**
 * What One Reply is told of a public post, by the members of an article event.
 *
 * @return array<string, mixed>
 */
function article_data( WP_Post $post ): array {
	$categories = get_the_category( $post->ID );
	$days       = closes_after_days( $post->post_type );
	return array(
		'title'        => mb_substr( html_entity_decode( wp_strip_all_tags( get_the_title( $post ) ), ENT_QUOTES, 'UTF-8' ), 0, 500 ) ?: "$post->ID",
		'url'          => get_permalink( $post ),
		'section'      => $categories ? $categories[0]->slug : null,
		'published_at' => get_post_time( 'c', true, $post ),
		'closing'      => $days ? array(
			'kind' => 'at',
			'at'   => gmdate( DATE_ATOM, get_post_time( 'U', true, $post ) + $days * DAY_IN_SECONDS ),
		) : array( 'kind' => 'auto' ),
		'comments_on'  => 'off' !== comments_state( $post ),
	);
}
