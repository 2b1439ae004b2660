<?php
/**
 * The newest comments in WordPress's widgets and blocks, and the number that waits, from One Reply's events.
 *
 * @package OneReply
 */

namespace OneReply;

use WP_Comment;
use WP_Comment_Query;

const KEPT = 200; // Published comments; widgets show at most 100.

add_filter( 'comments_pre_query', __NAMESPACE__ . '\replace_query', 10, 2 );
add_filter( 'get_comment_link', __NAMESPACE__ . '\link_of', 10, 2 );
add_filter( 'wp_count_comments', __NAMESPACE__ . '\count_all', 10, 2 );

/** Store a comment's newest event; a text that One Reply withholds is removed. */
function store_comment( int $post_id, int $position, array $comment ): void {
	global $wpdb;
	$table  = table( 'comments' );
	$author = $comment['author'] ?? array();
	$html   = preg_replace( '#</(p|li|blockquote|pre)>|<br>#', ' ', $comment['html'] ?? '' );
	$text   = html_entity_decode( wp_strip_all_tags( $html, true ), ENT_QUOTES, 'UTF-8' );
	$row    = array( $comment['id'], $post_id, $position, $comment['state'], $author['name'] ?? '', $author['url'] ?? '', wp_html_excerpt( $text, 300 ), gmdate( 'Y-m-d H:i:s', strtotime( $comment['created_at'] ) ) );
	$insert = "INSERT INTO $table (comment_id, post_id, position, state, author, url, excerpt, created_at) VALUES (%s, %d, %d, %s, %s, %s, %s, %s) ON DUPLICATE KEY UPDATE
		state = IF(VALUES(position) >= position, VALUES(state), state), author = IF(VALUES(position) >= position, VALUES(author), author),
		url = IF(VALUES(position) >= position, VALUES(url), url), excerpt = IF(VALUES(position) >= position, VALUES(excerpt), excerpt),
		position = GREATEST(position, VALUES(position))";
	$wpdb->query( $wpdb->prepare( $insert, $row ) );
	$oldest = $wpdb->get_var( $wpdb->prepare( "SELECT created_at FROM $table WHERE state = 'published' ORDER BY created_at DESC LIMIT 1 OFFSET %d", KEPT ) );
	if ( $oldest ) {
		$wpdb->query( $wpdb->prepare( "DELETE FROM $table WHERE state <> 'pending' AND created_at <= %s", $oldest ) );
	}
}

function forget_comments( int $post_id ): void {
	global $wpdb;
	$wpdb->delete( table( 'comments' ), array( 'post_id' => $post_id ) );
}

/** Remove what is stored of a deleted post. */
function forget_post( int $post_id ): void {
	global $wpdb;
	forget_comments( $post_id );
	$wpdb->delete( table( 'threads' ), array( 'post_id' => $post_id ) );
}

/**
 * Answer readers' queries of all newest comments from One Reply, and those of one post, whose thread is there, by none.
 *
 * Queries for other types, such as reviews, and for posts without threads are WordPress's.
 *
 * @param array|int|null $found What another plugin has found.
 */
function replace_query( $found, WP_Comment_Query $query ) {
	$asked = $query->query_vars;
	$types = array_filter( (array) $asked['type'] );
	if ( null !== $found || ! is_configured() || array_diff( $types, array( 'comment', 'all' ) ) || $asked['comment__in'] || $asked['author_email'] || $asked['user_id'] ) {
		return $found;
	}
	$screen = is_admin() && function_exists( 'get_current_screen' ) ? get_current_screen() : null;
	if ( ( $asked['post_id'] && has_thread( get_post( $asked['post_id'] ) ) && ! is_admin() ) || ( $screen && 'dashboard' === $screen->id ) ) {
		return $asked['count'] ? 0 : array();
	}
	if ( is_admin() || $asked['post_id'] || $asked['post__in'] || $asked['count'] || 'approve' !== $asked['status'] ) {
		return $found;
	}
	return recent_comments( (int) ( $asked['number'] ?: 5 ) ) ?: $found;
}

/**
 * The newest comments on public posts, as WordPress's widgets take them.
 *
 * @return WP_Comment[]
 */
function recent_comments( int $number ): array {
	global $wpdb;
	$query = 'SELECT c.* FROM ' . table( 'comments' ) . " c JOIN $wpdb->posts p ON p.ID = c.post_id AND p.post_status = 'publish' AND p.post_password = ''
		WHERE c.state = 'published' ORDER BY c.created_at DESC, c.position DESC LIMIT %d";
	$rows  = $wpdb->get_results( $wpdb->prepare( $query, $number ) );
	return array_map( __NAMESPACE__ . '\as_comment', $rows );
}

function as_comment( object $row ): WP_Comment {
	$comment = new WP_Comment( (object) array() );

	$comment->comment_ID         = '0';
	$comment->comment_post_ID    = $row->post_id;
	$comment->comment_author     = $row->author;
	$comment->comment_author_url = $row->url;
	$comment->comment_content    = esc_html( $row->excerpt );
	$comment->comment_date_gmt   = $row->created_at;
	$comment->comment_date       = get_date_from_gmt( $row->created_at );
	$comment->comment_approved   = '1';
	$comment->comment_type       = 'comment';
	$comment->onereply_id        = $row->comment_id;
	return $comment;
}

/** The link to a comment: to the embed under the post, which finds it also by its old number. */
function link_of( string $link, WP_Comment $comment ): string {
	$id = $comment->onereply_id ?? ( has_thread( get_post( $comment->comment_post_ID ) ) ? $comment->comment_ID : null );
	return null === $id ? $link : get_permalink( (int) $comment->comment_post_ID ) . "#comment-$id";
}

/**
 * The counts of the whole site, which the admin bar, the menu and the dashboard show.
 *
 * @param array|object $counts What another plugin has counted.
 */
function count_all( $counts, int $post_id ) {
	global $wpdb;
	if ( $post_id || $counts || ! is_configured() ) {
		return $counts;
	}
	$approved = (int) $wpdb->get_var( 'SELECT SUM(reply_count) FROM ' . table( 'threads' ) );
	$pending  = (int) $wpdb->get_var( 'SELECT COUNT(*) FROM ' . table( 'comments' ) . " WHERE state = 'pending'" );
	return (object) array(
		'approved'       => $approved,
		'moderated'      => $pending,
		'spam'           => 0,
		'trash'          => 0,
		'post-trashed'   => 0,
		'total_comments' => $approved + $pending,
		'all'            => $approved + $pending,
	);
}
