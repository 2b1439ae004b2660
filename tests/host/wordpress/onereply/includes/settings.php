<?php
/**
 * The plugin's settings: of the settings page, or constants in wp-config.php.
 *
 * @package OneReply
 */

namespace OneReply;

const OPTION    = 'onereply';
const CONSTANTS = array(
	'url'             => 'ONEREPLY_URL',
	'site'            => 'ONEREPLY_SITE',
	'article_secret'  => 'ONEREPLY_SECRET',
	'endpoint_secret' => 'ONEREPLY_ENDPOINT_SECRET',
	'token_secret'    => 'ONEREPLY_TOKEN_SECRET',
);

/** A setting; empty if it is not set. A constant wins over the settings page. */
function setting( string $name ): string {
	$value = is_constant( $name ) ? constant( CONSTANTS[ $name ] ) : get_option( OPTION, array() )[ $name ] ?? '';
	return 'url' === $name ? untrailingslashit( (string) $value ) : (string) $value;
}

/** Whether wp-config.php has the setting. */
function is_constant( string $name ): bool {
	return isset( CONSTANTS[ $name ] ) && defined( CONSTANTS[ $name ] );
}

/** Whether the plugin knows its One Reply site. */
function is_configured(): bool {
	return '' !== setting( 'url' ) && '' !== setting( 'site' );
}

/**
 * The post types with threads: posts and pages, unless the settings name others.
 *
 * @return string[]
 */
function post_types(): array {
	return get_option( OPTION, array() )['post_types'] ?? array( 'post', 'page' );
}

/** The URL of a call of the API, below the site. */
function api_url( string $path ): string {
	return setting( 'url' ) . '/v1/sites/' . rawurlencode( setting( 'site' ) ) . $path;
}
