<?php
/**
 * Sign WordPress's users in to One Reply, by a host token (a JWT, RFC 7519) with their name, picture and roles.
 *
 * @package OneReply
 */

namespace OneReply;

use WP_User;

const TOKEN_LIFE = 10 * MINUTE_IN_SECONDS;

add_action( 'rest_api_init', __NAMESPACE__ . '\register_token' );

function register_token(): void {
	$route = array(
		'methods'             => 'GET',
		'callback'            => __NAMESPACE__ . '\answer_token',
		'permission_callback' => 'is_user_logged_in',
	);
	register_rest_route( 'onereply/v1', '/token', $route );
}

function answer_token(): \WP_REST_Response {
	return new \WP_REST_Response( array( 'token' => host_token( wp_get_current_user() ) ), 200, array( 'Cache-Control' => 'no-store' ) );
}

/** The script that gives the embed the user's token, on pages for logged-in users. */
function enqueue_sign_in(): void {
	if ( ! is_user_logged_in() || '' === setting( 'token_secret' ) || wp_script_is( 'onereply-sign-in' ) ) {
		return;
	}
	wp_enqueue_script( 'onereply-sign-in', plugins_url( 'sign-in.js', FILE ), array(), '1.0', true );
	$own = array(
		'url'   => rest_url( 'onereply/v1/token' ),
		'nonce' => wp_create_nonce( 'wp_rest' ),
	);
	wp_add_inline_script( 'onereply-sign-in', 'const oneReplySignIn = ' . wp_json_encode( $own, JSON_HEX_TAG ) . ';', 'before' );
}

/** A host token, signed with HS256; whoever moderates comments in WordPress is staff. */
function host_token( WP_User $user ): string {
	$roles  = array_values( $user->roles );
	$claims = array(
		'sub'   => "wordpress-$user->ID",
		'aud'   => setting( 'site' ),
		'exp'   => time() + TOKEN_LIFE,
		'name'  => $user->display_name,
		'email' => $user->user_email,
		'roles' => user_can( $user, 'moderate_comments' ) ? array( 'staff', ...$roles ) : array_values( array_diff( $roles, array( 'staff' ) ) ),
	);
	if ( get_option( 'show_avatars' ) ) {
		$claims['picture'] = get_avatar_url( $user->ID );
	}
	$claims = apply_filters( 'onereply_token_claims', $claims, $user );
	$signed = base64url( '{"alg":"HS256","typ":"JWT"}' ) . '.' . base64url( wp_json_encode( $claims ) );
	return $signed . '.' . base64url( hash_hmac( 'sha256', $signed, setting( 'token_secret' ), true ) );
}

function base64url( string $bytes ): string {
	return rtrim( strtr( base64_encode( $bytes ), '+/', '-_' ), '=' );
}
