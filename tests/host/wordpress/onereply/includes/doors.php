<?php
/**
 * WordPress's own ways to post a comment are shut, and its feeds of comments lead to One Reply's.
 *
 * Only for posts with threads: reviews and other comments of plugins stay WordPress's.
 *
 * @package OneReply
 */

namespace OneReply;

use WP_Error;
use WP_REST_Request;

add_action( 'init', __NAMESPACE__ . '\refuse_form' );
add_filter( 'preprocess_comment', __NAMESPACE__ . '\refuse_comment', 1 );
add_filter( 'rest_pre_dispatch', __NAMESPACE__ . '\refuse_rest', 10, 3 );
add_filter( 'xmlrpc_methods', __NAMESPACE__ . '\refuse_xmlrpc' );
add_filter( 'wp_headers', __NAMESPACE__ . '\without_pingback' );
add_action( 'template_redirect', __NAMESPACE__ . '\redirect_feed' );
add_filter( 'post_comments_feed_link', __NAMESPACE__ . '\feed_of_post' );
add_filter( 'feed_link', __NAMESPACE__ . '\feed_of_site', 10, 2 );

/** Where readers comment on a post. */
function thread_link( \WP_Post $post ): string {
	return get_permalink( $post ) . '#comments';
}

/** The form of an old page posts to wp-comments-post.php: give back what was typed. */
function refuse_form(): void {
	global $pagenow;
	if ( 'wp-comments-post.php' !== $pagenow || ! is_configured() ) {
		return;
	}
	// phpcs:disable WordPress.Security.NonceVerification -- nothing is stored.
	$post = get_post( absint( $_POST['comment_post_ID'] ?? 0 ) );
	if ( has_thread( $post ) ) {
		refuse( $post, sanitize_textarea_field( wp_unslash( $_POST['comment'] ?? '' ) ) );
	}
	// phpcs:enable
}

/** Every other way to a new comment, such as a reply in the admin. */
function refuse_comment( array $comment ): array {
	$post = get_post( $comment['comment_post_ID'] ?? 0 );
	if ( is_configured() && has_thread( $post ) && in_array( $comment['comment_type'] ?? '', array( '', 'comment', 'pingback', 'trackback' ), true ) ) {
		refuse( $post, wp_unslash( $comment['comment_content'] ?? '' ) );
	}
	return $comment;
}

function refuse( \WP_Post $post, string $typed ): never {
	$page = sprintf(
		'<h1>%s</h1><p>%s</p><p><a href="%s">%s</a></p>',
		esc_html__( 'Comments have moved', 'onereply' ),
		esc_html__( 'Please post your comment below the article.', 'onereply' ),
		esc_url( is_public( $post ) ? thread_link( $post ) : home_url() ),
		esc_html( get_the_title( $post ) )
	);
	if ( '' !== $typed ) {
		$page .= sprintf( '<p><label for="typed">%s</label></p><textarea id="typed" rows="8" style="width:100%%" readonly>%s</textarea>', esc_html__( 'Your text:', 'onereply' ), esc_textarea( $typed ) );
	}
	wp_die( $page, esc_html__( 'Comments have moved', 'onereply' ), array( 'response' => 403 ) ); // phpcs:ignore WordPress.Security.EscapeOutput -- escaped above.
}

/** Posting by the REST API is refused; WordPress's own comments on posts with threads are for those who moderate them. */
function refuse_rest( $result, $server, WP_REST_Request $request ) {
	if ( ! is_configured() || ! preg_match( '#^/wp/v2/comments(?:/(\d+))?$#', $request->get_route(), $found ) ) {
		return $result;
	}
	$comment = isset( $found[1] ) ? get_comment( (int) $found[1] ) : null;
	$posts   = array_map( 'get_post', wp_parse_id_list( $comment ? $comment->comment_post_ID : $request['post'] ?? array() ) );
	if ( $posts && ! array_filter( $posts, __NAMESPACE__ . '\has_thread' ) ) {
		return $result; // Reviews, for example.
	}
	$is_post = 'POST' === $request->get_method() && ! $comment;
	if ( ! $is_post && current_user_can( 'moderate_comments' ) ) {
		return $result;
	}
	$data = array( 'status' => 403 );
	if ( $posts && is_public( $posts[0] ) ) {
		$data['thread'] = thread_link( $posts[0] );
	}
	return new WP_Error( 'onereply_elsewhere', __( 'Comments are in One Reply, below the article.', 'onereply' ), $data );
}

function refuse_xmlrpc( array $methods ): array {
	if ( is_configured() ) {
		unset( $methods['pingback.ping'], $methods['pingback.extensions.getPingbacks'] );
		$methods['wp.newComment'] = __NAMESPACE__ . '\answer_xmlrpc';
	}
	return $methods;
}

/** The answer to wp.newComment, whose fourth argument is the post's number or URL. */
function answer_xmlrpc( array $arguments ): \IXR_Error {
	$given = $arguments[3] ?? 0;
	$post  = get_post( is_numeric( $given ) ? (int) $given : url_to_postid( (string) $given ) );
	/* translators: %s: a URL. */
	return new \IXR_Error( 403, sprintf( __( 'Comments are posted to One Reply: %s', 'onereply' ), is_public( $post ) ? thread_link( $post ) : home_url() ) );
}

function without_pingback( array $headers ): array {
	if ( is_configured() && has_thread( get_post() ) ) {
		unset( $headers['X-Pingback'] );
	}
	return $headers;
}

function redirect_feed(): void {
	if ( ! is_comment_feed() || ! is_configured() ) {
		return;
	}
	$post = is_singular() ? get_queried_object() : null;
	if ( ! $post || has_thread( $post ) ) {
		wp_redirect( $post ? feed_url( $post->ID ) : api_url( '/feed.atom' ) ); // phpcs:ignore WordPress.Security.SafeRedirect -- to One Reply, as set by an administrator.
		exit;
	}
}

function feed_url( int $post_id ): string {
	return api_url( "/threads/$post_id/feed.atom" );
}

function feed_of_post( string $url ): string {
	$post = get_post();
	return is_configured() && has_thread( $post ) ? feed_url( $post->ID ) : $url;
}

function feed_of_site( string $url, string $feed ): string {
	return is_configured() && str_starts_with( $feed, 'comments_' ) ? api_url( '/feed.atom' ) : $url;
}
