<?php
// What a classic theme includes for the comments of a post.

echo OneReply\thread(get_post());
