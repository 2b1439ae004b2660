<?php
/**
 * The counts of posts and where comments are moderated, in the admin.
 *
 * @package OneReply
 */

namespace OneReply;

add_action( 'admin_init', __NAMESPACE__ . '\replace_columns' );
add_action( 'admin_notices', __NAMESPACE__ . '\point_to_desk' );

function replace_columns(): void {
	if ( ! is_configured() ) {
		return;
	}
	foreach ( post_types() as $type ) {
		add_filter( "manage_{$type}_posts_columns", __NAMESPACE__ . '\replace_column', 20 );
		add_filter( "manage_edit-{$type}_sortable_columns", fn ( $columns ) => array( 'onereply' => 'comment_count' ) + $columns );
		add_action( "manage_{$type}_posts_custom_column", __NAMESPACE__ . '\show_count', 10, 2 );
	}
}

/** Put One Reply's column in the place of WordPress's, which counts its own comments that wait. */
function replace_column( array $columns ): array {
	$names = array_keys( $columns );
	$place = array_search( 'comments', $names, true );
	if ( false === $place ) {
		return $columns;
	}
	$names[ $place ]  = 'onereply';
	$values           = array_values( $columns );
	$values[ $place ] = esc_html__( 'Comments', 'onereply' );
	return array_combine( $names, $values );
}

function show_count( string $column, int $post_id ): void {
	$post = get_post( $post_id );
	if ( 'onereply' !== $column || ! $post ) {
		return;
	}
	$state = comments_state( $post );
	$label = number_format_i18n( $post->comment_count );
	if ( 'off' === $state ) {
		echo '—';
	} elseif ( is_public( $post ) ) {
		printf( '<a href="%s">%s</a>', esc_url( setting( 'url' ) . '/' . rawurlencode( setting( 'site' ) ) . "/$post_id" ), esc_html( $label ) );
	} else {
		echo esc_html( $label );
	}
	if ( 'closed' === $state ) {
		echo '<br><small>' . esc_html__( 'closed', 'onereply' ) . '</small>';
	}
}

/** WordPress's own list of comments has only the old ones. */
function point_to_desk(): void {
	if ( 'edit-comments' !== get_current_screen()->id || ! is_configured() ) {
		return;
	}
	printf(
		'<div class="notice notice-info"><p>%s <a href="%s">%s</a></p></div>',
		esc_html__( 'These are the comments from before One Reply. Changes to them change nothing that readers see.', 'onereply' ),
		esc_url( setting( 'url' ) . '/desk/' . rawurlencode( setting( 'site' ) ) . '/queue' ),
		esc_html__( 'Moderate in One Reply', 'onereply' )
	);
}
