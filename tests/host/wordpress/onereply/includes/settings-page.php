<?php
/**
 * Settings → One Reply: the connection, and whether it works.
 *
 * @package OneReply
 */

namespace OneReply;

const PAGE = 'onereply';

add_action( 'admin_menu', __NAMESPACE__ . '\add_page' );
add_action( 'admin_init', __NAMESPACE__ . '\register_settings' );
add_action( 'update_option_' . OPTION, __NAMESPACE__ . '\after_change', 10, 2 );
add_action( 'add_option_' . OPTION, fn () => send_every_post() );
add_action( 'admin_post_onereply_check', __NAMESPACE__ . '\run_check' );
add_action( 'admin_post_onereply_send', __NAMESPACE__ . '\send_again' );
add_filter( 'plugin_action_links_' . plugin_basename( FILE ), __NAMESPACE__ . '\link_settings' );

function add_page(): void {
	add_options_page( 'One Reply', 'One Reply', 'manage_options', PAGE, __NAMESPACE__ . '\show_page' );
}

function link_settings( array $links ): array {
	array_unshift( $links, sprintf( '<a href="%s">%s</a>', esc_url( page_url() ), esc_html__( 'Settings', 'onereply' ) ) );
	return $links;
}

function page_url( string $result = '' ): string {
	return add_query_arg( array_filter( compact( 'result' ) ), admin_url( 'options-general.php?page=' . PAGE ) );
}

function register_settings(): void {
	register_setting( PAGE, OPTION, array( 'sanitize_callback' => __NAMESPACE__ . '\sanitize' ) );
	add_settings_section( 'connection', __( 'Connection', 'onereply' ), '__return_null', PAGE );
	$fields = array(
		'url'             => array( __( 'Base URL', 'onereply' ), __( 'Of One Reply, for your readers and this server: https://comments.example', 'onereply' ) ),
		'site'            => array( __( 'Site', 'onereply' ), __( 'Its name in One Reply: gazette', 'onereply' ) ),
		'article_secret'  => array( __( 'Article secret', 'onereply' ), 'onereply site secret gazette article-webhooks' ),
		'endpoint_secret' => array( __( 'Webhook secret', 'onereply' ), __( 'Of the endpoint with the URL:', 'onereply' ) . ' ' . rest_url( 'onereply/v1/webhooks' ) ),
		'token_secret'    => array( __( 'Token secret', 'onereply' ), 'onereply site secret gazette host-token' ),
	);
	foreach ( $fields as $name => list( $label, $help ) ) {
		add_settings_field( $name, $label, __NAMESPACE__ . '\show_field', PAGE, 'connection', compact( 'name', 'help' ) + array( 'label_for' => "onereply-$name" ) );
	}
	add_settings_field( 'post_types', __( 'Post types', 'onereply' ), __NAMESPACE__ . '\show_post_types', PAGE, 'connection' );
}

/** Keep what is valid; a secret that is left empty stays as it is, because the page does not show it. */
function sanitize( $typed ): array {
	$typed = is_array( $typed ) ? $typed : array();
	$kept  = get_option( OPTION, array() );
	$url   = untrailingslashit( esc_url_raw( trim( $typed['url'] ?? $kept['url'] ?? '' ), array( 'http', 'https' ) ) );
	if ( '' === $url && '' !== trim( $typed['url'] ?? '' ) ) {
		add_settings_error( OPTION, 'url', __( 'The base URL must begin with http:// or https://.', 'onereply' ) );
		$url = $kept['url'] ?? '';
	}
	$new = array(
		'url'        => $url,
		'site'       => sanitize_text_field( $typed['site'] ?? $kept['site'] ?? '' ),
		'post_types' => array_values( array_intersect( (array) ( $typed['post_types'] ?? $kept['post_types'] ?? array( 'post', 'page' ) ), types_with_comments() ) ),
	);
	foreach ( array( 'article_secret', 'endpoint_secret', 'token_secret' ) as $name ) {
		$new[ $name ] = trim( (string) ( $typed[ $name ] ?? '' ) ) ?: $kept[ $name ] ?? ''; // As it is: it may have any character.
		if ( 'token_secret' !== $name && '' !== $new[ $name ] && ! str_starts_with( $new[ $name ], 'whsec_' ) ) {
			add_settings_error( OPTION, $name, __( 'The article secret and the webhook secret begin with whsec_.', 'onereply' ) );
			$new[ $name ] = $kept[ $name ] ?? '';
		}
	}
	return $new;
}

/** Another site knows none of the posts. */
function after_change( $before, $now ): void {
	if ( array_intersect_key( (array) $before, array_flip( array( 'url', 'site' ) ) ) !== array_intersect_key( $now, array_flip( array( 'url', 'site' ) ) ) ) {
		delete_post_meta_by_key( SENT );
	}
	send_every_post();
}

/** @return string[] */
function types_with_comments(): array {
	return array_values( array_diff( get_post_types_by_support( 'comments' ), array( 'attachment' ) ) );
}

function show_field( array $field ): void {
	list( 'name' => $name, 'help' => $help ) = $field;
	$is_secret = str_ends_with( $name, 'secret' );
	$value     = setting( $name );
	printf(
		'<input class="regular-text" id="onereply-%1$s" name="%2$s[%1$s]" type="%3$s" value="%4$s" placeholder="%5$s" autocomplete="off" aria-describedby="onereply-%1$s-help" %6$s><p class="description" id="onereply-%1$s-help">%7$s</p>',
		esc_attr( $name ),
		esc_attr( OPTION ),
		esc_attr( $is_secret ? 'password' : ( 'url' === $name ? 'url' : 'text' ) ),
		esc_attr( $is_secret ? '' : $value ),
		esc_attr( $is_secret && '' !== $value ? __( 'saved', 'onereply' ) : '' ),
		disabled( is_constant( $name ), true, false ),
		esc_html( is_constant( $name ) ? __( 'Set in wp-config.php:', 'onereply' ) . ' ' . CONSTANTS[ $name ] : $help )
	);
}

function show_post_types(): void {
	foreach ( types_with_comments() as $type ) {
		printf( '<label><input type="checkbox" name="%s[post_types][]" value="%s" %s> %s</label><br>', esc_attr( OPTION ), esc_attr( $type ), checked( in_array( $type, post_types(), true ), true, false ), esc_html( get_post_type_object( $type )->labels->name ) );
	}
}

function show_page(): void {
	echo '<div class="wrap"><h1>One Reply</h1><form action="options.php" method="post">';
	settings_fields( PAGE );
	do_settings_sections( PAGE );
	submit_button();
	echo '</form>';
	show_status();
	echo '</div>';
}
