<?php
/**
 * The outbox: article events on their way to One Reply. Editors never wait for it.
 *
 * An event is stored with the post's change and sent when the editor's response is out. What One Reply does not accept
 * is sent again by WP-Cron, with growing pauses, as the same message.
 *
 * @package OneReply
 */

namespace OneReply;

const MAX_PAUSE = HOUR_IN_SECONDS;

add_action( 'onereply_send', __NAMESPACE__ . '\send_due' );
add_action( 'init', __NAMESPACE__ . '\schedule_sending' );
add_action( 'rest_api_init', __NAMESPACE__ . '\register_sending' );
add_filter( 'cron_schedules', __NAMESPACE__ . '\add_minute' );

/** Store an event, and send it soon. */
function enqueue( int $post_id, string $type, array $data ): void {
	global $wpdb;
	$event = array(
		'type'      => $type,
		'timestamp' => ( new \DateTimeImmutable() )->format( 'Y-m-d\TH:i:s.uP' ),
		'data'      => array( 'article' => "$post_id" ) + $data,
	);
	$row   = array(
		'post_id'      => $post_id,
		'body'         => wp_json_encode( $event ),
		'next_attempt' => time(),
	);
	$wpdb->insert( table( 'outbox' ), $row );
	if ( ! has_action( 'shutdown', __NAMESPACE__ . '\send_in_background' ) ) {
		add_action( 'shutdown', __NAMESPACE__ . '\send_in_background', 100 ); // WordPress sends its output before.
	}
}

/** Send what is due without keeping the editor waiting. */
function send_in_background(): void {
	if ( wp_doing_cron() || 'cli' === PHP_SAPI ) {
		send_due();
	} elseif ( function_exists( 'fastcgi_finish_request' ) && fastcgi_finish_request() ) {
		send_due();
	} else { // A request to ourselves, as WP-Cron makes them; it answers before it sends.
		$own = array(
			'blocking'  => false,
			'timeout'   => 0.01,
			'sslverify' => apply_filters( 'https_local_ssl_verify', false ), // phpcs:ignore WordPress.NamingConventions -- WordPress's own filter.
			'body'      => array( 'key' => wp_hash( 'onereply-send' ) ),
		);
		wp_remote_post( rest_url( 'onereply/v1/send' ), $own );
	}
}

function register_sending(): void {
	$route = array(
		'methods'             => 'POST',
		'callback'            => __NAMESPACE__ . '\answer_and_send',
		'permission_callback' => fn ( $request ) => hash_equals( wp_hash( 'onereply-send' ), (string) $request['key'] ),
	);
	register_rest_route( 'onereply/v1', '/send', $route );
}

function answer_and_send(): never {
	ignore_user_abort( true );
	status_header( 200 );
	header( 'Content-Length: 0' );
	header( 'Connection: close' );
	while ( ob_get_level() ) {
		ob_end_clean();
	}
	flush();
	send_due();
	exit;
}

/** Send the events that are due, oldest first, until One Reply fails to answer. */
function send_due(): void {
	global $wpdb;
	$stop = time() + 20;
	while ( is_configured() && time() < $stop ) {
		$query = 'SELECT * FROM ' . table( 'outbox' ) . ' WHERE rejected = 0 AND next_attempt <= %d ORDER BY id LIMIT 1';
		$row   = $wpdb->get_row( $wpdb->prepare( $query, time() ) );
		if ( ! $row || 'failed' === send_row( $row ) ) {
			return;
		}
	}
}

/** Send one row: accepted, rejected, failed if One Reply can't take it now, or taken if another process is sending it. */
function send_row( object $row, int $timeout = 5 ): string {
	global $wpdb;
	$pause = min( MAX_PAUSE, 60 * 2 ** min( 6, $row->attempts ) );
	$claim = 'UPDATE ' . table( 'outbox' ) . ' SET attempts = attempts + 1, next_attempt = %d WHERE id = %d AND attempts = %d';
	if ( ! $wpdb->query( $wpdb->prepare( $claim, time() + $pause, $row->id, $row->attempts ) ) ) {
		return 'taken';
	}
	$response = post_signed( $row->body, $timeout );
	$status   = (int) wp_remote_retrieve_response_code( $response );
	if ( $status >= 200 && $status < 300 ) {
		$wpdb->delete( table( 'outbox' ), array( 'id' => $row->id ) );
		return 'accepted';
	}
	// A wrong secret or site can be put right in the settings; other refusals stay refusals.
	$is_rejected = $status >= 400 && $status < 500 && ! in_array( $status, array( 401, 404, 408, 429 ), true );
	$error       = is_wp_error( $response ) ? $response->get_error_message() : "$status " . detail_of( $response );
	$wpdb->update(
		table( 'outbox' ),
		array(
			'error'    => mb_substr( $error, 0, 500 ),
			'rejected' => (int) $is_rejected,
		),
		array( 'id' => $row->id )
	);
	if ( $is_rejected ) {
		delete_post_meta( $row->post_id, SENT ); // The next event sends the whole state again.
	}
	return $is_rejected ? 'rejected' : 'failed';
}

/** The reason in a problem that One Reply answered. */
function detail_of( array $response ): string {
	$problem = json_decode( wp_remote_retrieve_body( $response ), true );
	return (string) ( $problem['detail'] ?? $problem['title'] ?? wp_remote_retrieve_response_message( $response ) );
}

/**
 * Send an article event, signed as in Standard Webhooks 1.0.
 *
 * @return array|\WP_Error
 */
function post_signed( string $body, int $timeout ): array|\WP_Error {
	$id      = 'wordpress-' . hash( 'sha256', $body );
	$time    = time();
	$headers = array(
		'Content-Type'      => 'application/json',
		'webhook-id'        => $id,
		'webhook-timestamp' => $time,
		'webhook-signature' => 'v1,' . signature( setting( 'article_secret' ), "$id.$time.$body" ),
	);
	return wp_remote_post( api_url( '/webhooks/articles' ), compact( 'timeout', 'body', 'headers' ) );
}

/** The signature of a message with a secret `whsec_…`. */
function signature( string $secret, string $message ): string {
	return base64_encode( hash_hmac( 'sha256', $message, (string) base64_decode( substr( $secret, strlen( 'whsec_' ) ) ), true ) );
}

function schedule_sending(): void {
	if ( ! wp_next_scheduled( 'onereply_send' ) ) {
		wp_schedule_event( time(), 'onereply_minute', 'onereply_send' );
	}
}

function add_minute( array $schedules ): array {
	$schedules['onereply_minute'] = array(
		'interval' => MINUTE_IN_SECONDS,
		'display'  => __( 'Every minute', 'onereply' ),
	);
	return $schedules;
}
