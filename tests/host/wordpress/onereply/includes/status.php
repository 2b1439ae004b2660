<?php
/**
 * The lower half of the settings page: what waits to be sent, and a check of the connection.
 *
 * @package OneReply
 */

namespace OneReply;

function show_status(): void {
	global $wpdb;
	$table = table( 'outbox' );
	$count = $wpdb->get_row( "SELECT COALESCE(SUM(rejected = 0), 0) AS waiting, COALESCE(SUM(rejected), 0) AS rejected FROM $table" );
	$error = $wpdb->get_var( "SELECT error FROM $table WHERE error <> '' ORDER BY id DESC LIMIT 1" );
	echo '<h2>' . esc_html__( 'Status', 'onereply' ) . '</h2>';
	/* translators: 1: a number, 2: a number. */
	echo '<p>' . esc_html( sprintf( __( 'Events that wait to be sent: %1$s. Rejected: %2$s.', 'onereply' ), number_format_i18n( $count->waiting ), number_format_i18n( $count->rejected ) ) ) . '</p>';
	if ( $error ) {
		echo '<p><code>' . esc_html( $error ) . '</code></p>';
	}
	$result = sanitize_key( $_GET['result'] ?? '' ); // phpcs:ignore WordPress.Security.NonceVerification -- it only chooses a message.
	if ( isset( messages()[ $result ] ) ) {
		printf( '<div class="notice notice-%s inline" role="status"><p>%s</p></div>', esc_attr( in_array( $result, array( 'works', 'sent' ), true ) ? 'success' : 'error' ), esc_html( messages()[ $result ] ) );
	}
	show_button( 'onereply_check', __( 'Check the connection', 'onereply' ) );
	show_button( 'onereply_send', __( 'Send all posts again', 'onereply' ) );
}

/** @return array<string, string> */
function messages(): array {
	return array(
		'works'          => __( 'One Reply answers, and the secrets are right.', 'onereply' ),
		'sent'           => __( 'All posts are being sent.', 'onereply' ),
		'unreachable'    => __( 'One Reply can\'t be reached at this base URL.', 'onereply' ),
		'site'           => __( 'One Reply does not know this site.', 'onereply' ),
		'article_secret' => __( 'One Reply does not accept the article secret.', 'onereply' ),
		'token_secret'   => __( 'One Reply does not accept the token secret.', 'onereply' ),
	);
}

function show_button( string $action, string $label ): void {
	printf( '<form action="%s" method="post" style="display:inline-block;margin-right:8px"><input type="hidden" name="action" value="%s">', esc_url( admin_url( 'admin-post.php' ) ), esc_attr( $action ) );
	wp_nonce_field( $action );
	submit_button( $label, 'secondary', $action, false );
	echo '</form>';
}

function run_check(): void {
	require_administrator( 'onereply_check' );
	wp_safe_redirect( page_url( check() ) );
	exit;
}

function send_again(): void {
	require_administrator( 'onereply_send' );
	delete_post_meta_by_key( SENT );
	send_every_post();
	spawn_cron();
	wp_safe_redirect( page_url( 'sent' ) );
	exit;
}

function require_administrator( string $action ): void {
	check_admin_referer( $action );
	if ( ! current_user_can( 'manage_options' ) ) {
		wp_die( esc_html__( 'You may not change these settings.', 'onereply' ), 403 );
	}
}

/** Try the settings: a signed message without content gets 422 if its signature is right. */
function check(): string {
	$status = (int) wp_remote_retrieve_response_code( post_signed( '{}', 5 ) );
	if ( 404 === $status ) {
		return 'site';
	}
	if ( 401 === $status ) {
		return 'article_secret';
	}
	if ( 422 !== $status ) {
		return 'unreachable';
	}
	if ( '' !== setting( 'token_secret' ) ) {
		$headers = array( 'Authorization' => 'Bearer ' . host_token( wp_get_current_user() ) );
		$own     = wp_remote_get( api_url( '/readers/me/comments?limit=1' ), array( 'timeout' => 5 ) + compact( 'headers' ) );
		return 200 === wp_remote_retrieve_response_code( $own ) ? 'works' : 'token_secret';
	}
	return 'works';
}
