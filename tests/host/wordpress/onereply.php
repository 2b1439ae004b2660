<?php
/**
 * Plugin Name: One Reply
 * Description: Shows One Reply's threads under your posts.
 *
 * Copy this file and the folder beside it to wp-content/mu-plugins/, and add to wp-config.php:
 *
 *     define('ONEREPLY_URL', 'https://comments.example');  // the base URL of One Reply, for browsers and this server
 *     define('ONEREPLY_SITE', 'gazette');
 *     define('ONEREPLY_SECRET', 'whsec_…');                // onereply site secret gazette article-webhooks
 *
 * The article's id is the post's number. "Allow comments" turns its comments on and off.
 */

namespace OneReply;

use WP_Post;

add_filter('comments_template', fn () => __DIR__ . '/onereply/comments.php'); // classic themes
add_filter('render_block_core/comments', fn () => thread(get_post())); // block themes
add_filter('comments_number', fn ($text) => count_of(get_post()) ?: $text);
add_action('wp_after_insert_post', __NAMESPACE__ . '\after_insert', 10, 4);
add_action('deleted_post', fn ($id, $post) => has_thread($post) && send_event('article.deleted', ['article' => "$id"]), 10, 2);
add_action('onereply_send', __NAMESPACE__ . '\post_signed');

/** Whether posts of this type have comments. */
function has_thread(?WP_Post $post): bool
{
    return $post && post_type_supports($post->post_type, 'comments') && $post->post_type !== 'attachment';
}

/** Whether readers may see the thread; posts with a password have none. */
function is_public(?WP_Post $post): bool
{
    return has_thread($post) && $post->post_status === 'publish' && $post->post_password === '';
}

/** The thread: HTML from One Reply for search engines and browsers without JavaScript, which the embed takes over. */
function thread(?WP_Post $post): string
{
    if (!is_public($post)) {
        return '';
    }
    $language = get_bloginfo('language');
    $cache_key = "onereply_{$post->ID}_$language";
    $html = get_transient($cache_key);
    if ($html === false) {
        $html = fetch_html($post->ID, $language);
        if ($html === null) { // published before the plugin was installed
            send_event('article.published', article_data($post));
            $html = fetch_html($post->ID, $language);
        }
        set_transient($cache_key, $html ?? '', 10); // seconds; the embed shows later changes
    }
    $names = sprintf('site="%s" article="%d" lang="%s"', esc_attr(ONEREPLY_SITE), $post->ID, esc_attr($language));
    wp_enqueue_style('onereply', ONEREPLY_URL . '/static/thread.css', [], null);
    return script() . "<comment-thread $names>$html</comment-thread>";
}

/** The HTML of a thread; null if the article is not registered, empty if One Reply does not answer. */
function fetch_html(int $article, string $language): ?string
{
    $path = sprintf('%s/v1/sites/%s/threads/%d/comments.html', ONEREPLY_URL, ONEREPLY_SITE, $article);
    $response = wp_remote_get($path, ['timeout' => 1, 'headers' => ['Accept-Language' => $language]]);
    return match (wp_remote_retrieve_response_code($response)) {
        200 => wp_remote_retrieve_body($response),
        404 => null,
        default => '',
    };
}

function count_of(?WP_Post $post): string
{
    if (!is_public($post)) {
        return '';
    }
    return script() . sprintf('<comment-count site="%s" article="%d"></comment-count>', ONEREPLY_SITE, $post->ID);
}

function script(): string
{
    return sprintf('<script type="module" src="%s/embed.js"></script>', esc_url(ONEREPLY_URL)); // runs once
}

function after_insert(int $id, WP_Post $post, bool $update, ?WP_Post $before): void
{
    $was_public = is_public($before);
    if (is_public($post)) {
        send_event($was_public ? 'article.updated' : 'article.published', article_data($post));
    } elseif ($was_public) {
        send_event('article.withdrawn', ['article' => "$id"]);
    }
}

function article_data(WP_Post $post): array
{
    return [
        'article' => "$post->ID",
        'title' => html_entity_decode(wp_strip_all_tags(get_the_title($post)), ENT_QUOTES, 'UTF-8') ?: "$post->ID",
        'url' => get_permalink($post),
        'published_at' => get_post_time('c', true, $post),
        'comments_on' => $post->comment_status === 'open',
    ];
}

function send_event(string $type, array $article): void
{
    $now = (new \DateTimeImmutable())->format('Y-m-d\TH:i:s.uP');
    post_signed(wp_json_encode(['type' => $type, 'timestamp' => $now, 'data' => $article]));
}

/** Send an event, signed as in Standard Webhooks 1.0. After a failure WP-Cron retries it in a minute. */
function post_signed(string $body): void
{
    $id = 'wordpress-' . hash('sha256', $body);
    $time = time();
    $secret = base64_decode(substr(ONEREPLY_SECRET, strlen('whsec_')));
    $signature = base64_encode(hash_hmac('sha256', "$id.$time.$body", $secret, true));
    $response = wp_remote_post(ONEREPLY_URL . '/v1/sites/' . ONEREPLY_SITE . '/webhooks/articles', [
        'timeout' => 5,
        'body' => $body,
        'headers' => [
            'Content-Type' => 'application/json',
            'webhook-id' => $id,
            'webhook-timestamp' => $time,
            'webhook-signature' => "v1,$signature",
        ],
    ]);
    $status = wp_remote_retrieve_response_code($response);
    if ($status === '' || $status === 429 || $status >= 500) {
        wp_schedule_single_event($time + 60, 'onereply_send', [$body]);
    } elseif ($status >= 400) {
        error_log("One Reply rejected $body: " . wp_remote_retrieve_body($response));
    }
}
