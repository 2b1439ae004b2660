<?php
/**
 * The thread and the counts in classic themes and block themes.
 *
 * @package OneReply
 */

namespace OneReply;

use WP_Post;

const FRESH = 10; // Seconds that HTML and a failure are kept; the embed shows later changes.

add_filter( 'comments_template', __NAMESPACE__ . '\template' );
add_filter( 'render_block_core/comments', __NAMESPACE__ . '\comments_block' );
add_filter( 'comments_open', __NAMESPACE__ . '\is_open', 20, 2 );
add_filter( 'pings_open', __NAMESPACE__ . '\are_pings_open', 20, 2 );
add_filter( 'comments_number', __NAMESPACE__ . '\count_element' );
add_filter( 'script_loader_tag', __NAMESPACE__ . '\as_module', 10, 2 );
add_action( 'wp_enqueue_scripts', __NAMESPACE__ . '\enqueue_styles' );
remove_filter( 'the_posts', '_close_comments_for_old_posts' );
add_filter( 'the_posts', __NAMESPACE__ . '\close_old_posts', 10, 2 );

function template( string $path ): string {
	return is_configured() && has_thread( get_post() ) ? dirname( FILE ) . '/comments-template.php' : $path;
}

function comments_block( string $html ): string {
	if ( ! is_configured() || ! has_thread( get_post() ) ) {
		return $html;
	}
	$thread = thread( get_post() );
	return '' === $thread ? '' : "<div id=\"comments\" class=\"wp-block-comments\">$thread</div>";
}

/** Whether themes show the thread. They ask before they show comments, also closed ones. */
function is_open( bool $open, int $post_id ): bool {
	$post = get_post( $post_id );
	return is_configured() && has_thread( $post ) ? shows_thread( $post ) : $open;
}

function are_pings_open( bool $open, int $post_id ): bool {
	return $open && ! ( is_configured() && has_thread( get_post( $post_id ) ) );
}

/** WordPress sets old posts to closed in memory; One Reply knows their closing time. */
function close_old_posts( array $posts, \WP_Query $query ): array {
	return $posts && is_configured() && has_thread( $posts[0] ) ? $posts : _close_comments_for_old_posts( $posts, $query );
}

function enqueue_styles(): void {
	if ( is_singular() && shows_thread( get_post() ) ) {
		wp_enqueue_style( 'onereply', setting( 'url' ) . '/static/thread.css', array(), null ); // phpcs:ignore WordPress.WP.EnqueuedResourceParameters -- One Reply's server knows its version.
		wp_add_inline_style( 'onereply', 'comment-thread:not(:defined){display:block}' );
	}
}

/**
 * The thread: HTML from One Reply for search engines and readers without JavaScript, which the embed takes over.
 * WordPress's script for emojis, which replaces them by images of another server, skips the class `wp-exclude-emoji`.
 */
function thread( ?WP_Post $post ): string {
	if ( ! shows_thread( $post ) ) {
		return '';
	}
	$language = get_bloginfo( 'language' );
	$html     = fetch_html( $post, $language );
	enqueue_embed();
	return sprintf( '<comment-thread class="wp-exclude-emoji" site="%s" article="%d" lang="%s">%s</comment-thread>', esc_attr( setting( 'site' ) ), $post->ID, esc_attr( $language ), $html );
}

/** The HTML of a thread, which One Reply has sanitised; empty if it does not answer. A post that is unknown is registered. */
function fetch_html( WP_Post $post, string $language ): string {
	$key  = "html_{$post->ID}_$language";
	$html = wp_cache_get( $key, 'onereply' );
	if ( is_string( $html ) || get_transient( 'onereply_down' ) ) {
		return (string) $html;
	}
	$response = get_fragment( $post->ID, $language );
	if ( 404 === wp_remote_retrieve_response_code( $response ) && register_now( $post ) ) {
		$response = get_fragment( $post->ID, $language );
	}
	$status = (int) wp_remote_retrieve_response_code( $response );
	if ( 0 === $status || $status >= 500 ) {
		set_transient( 'onereply_down', 1, FRESH );
	}
	$html = 200 === $status ? wp_remote_retrieve_body( $response ) : '';
	wp_cache_set( $key, $html, 'onereply', FRESH );
	return $html;
}

function get_fragment( int $article, string $language ): array|\WP_Error {
	$headers = array( 'Accept-Language' => $language );
	if ( isset( $_SERVER['REMOTE_ADDR'] ) ) { // Each reader has a rate limit of their own.
		$headers['X-Forwarded-For'] = sanitize_text_field( wp_unslash( $_SERVER['REMOTE_ADDR'] ) );
	}
	return wp_remote_get( api_url( "/threads/$article/comments.html" ), array( 'timeout' => 1 ) + compact( 'headers' ) );
}

/** Register a post that One Reply does not know, at most once in ten minutes; true if it has accepted it at once. */
function register_now( WP_Post $post ): bool {
	global $wpdb;
	$tried = "onereply_tried_$post->ID";
	if ( get_transient( $tried ) ) {
		return false;
	}
	set_transient( $tried, 1, 10 * MINUTE_IN_SECONDS );
	send_changes( $post, 'article.published' );
	$newest = 'SELECT * FROM ' . table( 'outbox' ) . ' WHERE post_id = %d ORDER BY id DESC LIMIT 1';
	$row    = $wpdb->get_row( $wpdb->prepare( $newest, $post->ID ) );
	return $row && 'accepted' === send_row( $row, 1 );
}

/** The count in lists of posts, with WordPress's words until the embed shows One Reply's. */
function count_element( string $text ): string {
	$post = get_post();
	if ( is_admin() || is_feed() || ! shows_thread( $post ) ) {
		return $text;
	}
	enqueue_embed();
	return sprintf( '<comment-count site="%s" article="%d" lang="%s">%s</comment-count>', esc_attr( setting( 'site' ) ), $post->ID, esc_attr( get_bloginfo( 'language' ) ), $text );
}

function enqueue_embed(): void {
	wp_enqueue_script( 'onereply', setting( 'url' ) . '/embed.js', array(), null, true ); // phpcs:ignore WordPress.WP.EnqueuedResourceParameters -- One Reply's server knows its version.
	enqueue_sign_in();
}

function as_module( string $tag, string $handle ): string {
	return 'onereply' === $handle ? str_replace( '<script ', '<script type="module" ', str_replace( " type='text/javascript'", '', $tag ) ) : $tag;
}
