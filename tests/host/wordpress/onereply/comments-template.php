<?php
/**
 * The comments template of classic themes, with the class names that themes use for layout.
 *
 * @package OneReply
 */

$onereply_thread = OneReply\thread( get_post() );
if ( '' !== $onereply_thread ) {
	echo '<div id="comments" class="comments-area default-max-width">' . $onereply_thread . '</div>'; // phpcs:ignore WordPress.Security.EscapeOutput -- escaped by One Reply and thread().
}
